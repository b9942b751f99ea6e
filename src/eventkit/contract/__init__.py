"""The contract layer: events, envelopes, services and errors. It imports pydantic and nothing else of eventkit."""
