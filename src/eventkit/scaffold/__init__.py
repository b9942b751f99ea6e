"""Writes new services in the layout of the reference services."""
