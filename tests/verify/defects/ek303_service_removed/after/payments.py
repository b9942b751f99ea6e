"""The publisher, which is gone."""
