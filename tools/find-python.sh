#!/bin/sh
# Prints the path of a Python that can run eventkit: 3.11 or newer, able to make virtual environments.
# Where $PYTHON is set it is the only candidate. Candidates are run, not just looked up: a version manager may put
# names on the PATH that start nothing.

if [ -n "${PYTHON:-}" ]; then
    set -- "$PYTHON"
else
    set -- python3.13 python3.12 python3.11 python3 python
fi

refused=
for candidate; do
    if ! version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null); then
        why="is not there or does not start"
    elif ! "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        why="is Python $version"
    elif ! "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
        why="has no venv module (on Debian and Ubuntu: apt install python$version-venv)"
    else
        exec "$candidate" -c 'import sys; print(sys.executable)'
    fi
    refused="$refused
  $candidate $why"
done

echo "eventkit needs Python 3.11 or newer with the venv module. Tried:$refused
Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2
exit 1
