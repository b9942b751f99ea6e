"""Tools for the tests of services and of bus backends.

`record` keeps what a service publishes; `handling` says which event a handler that is called by hand handles.
`conformance`, imported by its full name because it needs pytest, is the suite that every bus backend passes.
"""

from eventkit.contract.context import handling
from eventkit.testing.recorder import Recorded, record

__all__ = ["Recorded", "handling", "record"]
