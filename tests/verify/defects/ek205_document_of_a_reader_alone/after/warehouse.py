"""The publisher, after: the code of the publisher moved to a repository of its own."""

from eventkit import Service

warehouse = Service("warehouse")
