"""Another subscriber, before."""

from eventkit import Service

ledger = Service("ledger")
