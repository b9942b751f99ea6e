"""The base class of the HTTP clients through which a service asks other services."""
