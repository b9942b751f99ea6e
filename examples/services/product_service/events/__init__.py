"""The events of product_service: `models` says what they look like, `publishers` send, and `handlers` receive."""
