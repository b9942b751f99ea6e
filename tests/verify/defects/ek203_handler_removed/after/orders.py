"""The subscriber, after."""

from eventkit import Service

orders = Service("orders")
