"""The events of payment_service: `models` says what they look like, `publishers` send, and `handlers` receive."""
