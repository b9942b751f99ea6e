"""Containment of JSON Schemas: does a subscriber accept every event that a publisher can send?"""

from eventkit.schema.codes import CODES
from eventkit.schema.compare import compare
from eventkit.schema.comparison import MISSING, Comparison, Problem

__all__ = ["CODES", "MISSING", "Comparison", "Problem", "compare"]
