"""Tools for the tests of services and of bus backends.

`record` keeps what a service publishes. `conformance`, imported by its full name because it needs pytest, is the suite
that every bus backend passes.
"""

from eventkit.testing.recorder import Recorded, record

__all__ = ["Recorded", "record"]
