"""Contracts of services that are written with eventkit, in Python.

`syntax` reads modules without importing them, `packages` finds those that make or use a service and under which names
they are imported, `launch` starts a process for each package, and `child` is what runs in it: it imports the modules,
and `contracts` and `places` describe the services that it finds there.
"""
