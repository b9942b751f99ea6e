"""The subscriber, after: it is not told any more what tracking reads."""

from eventkit import Service

tracking = Service("tracking")
