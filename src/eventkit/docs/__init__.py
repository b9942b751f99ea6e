"""AsyncAPI documents, JSON Schema files and the offline site that are made from contracts."""
