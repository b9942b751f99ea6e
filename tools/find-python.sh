#!/bin/sh
# Prints a Python that can run eventkit: 3.11 or newer, able to make virtual environments.
# $PYTHON, where it is set, is the only candidate. Each one is run, not just looked up: a version manager may
# put names on the PATH that start nothing.
seen=

for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
    version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if ! "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        seen="$seen $candidate is $version (too old);"
    elif ! "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
        seen="$seen $candidate ($version) cannot make virtual environments (on Debian: apt install python$version-venv);"
    else
        "$candidate" -c 'import sys; print(sys.executable)'
        exit 0
    fi
done

echo "eventkit needs Python 3.11 or newer with the venv module.${seen:- No Python was found on the PATH.}" >&2
echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2
exit 1
