"""The publisher, after."""

from eventkit import Service

payments = Service("payments")
