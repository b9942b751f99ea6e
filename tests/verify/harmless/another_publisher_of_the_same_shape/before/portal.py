"""Another publisher, before."""

from eventkit import Service

portal = Service("portal")
