"""`sqlite://`: a durable bus in one file, for the processes of one machine. Needs nothing but Python.

How an event travels: `SQLiteBus.publish` hands it to the `database` thread, which appends it to the `log` together with
what else has come in the meantime, commits, and rings the `bell` of every instance that handles its type. An instance
`claims` it under a lease; `order` says what must wait for what. What the worker makes of it is `settlement`'s to write
down. `file` and `schema` keep the file itself sound.
"""

from eventkit.bus.sqlite.bus import SQLiteBus

__all__ = ["SQLiteBus"]
