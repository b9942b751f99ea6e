"""Where contracts come from: imported code, code read as syntax, AsyncAPI files, git revisions.

`discover` reads sources into a `Landscape`; `config` says which sources those are by default.
"""
