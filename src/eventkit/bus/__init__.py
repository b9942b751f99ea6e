"""Where events travel: one small protocol and a module for each backend."""
