"""Whether every event that one JSON Schema allows is accepted by another, and a counterexample where not."""
