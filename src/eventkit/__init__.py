"""Event contracts as code: declare events, verify that every publisher fits every subscriber, run them reliably."""

__version__ = "0.1.0"
