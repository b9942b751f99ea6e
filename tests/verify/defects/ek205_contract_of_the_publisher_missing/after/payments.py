"""The publisher, after: its contract is not among the sources."""
