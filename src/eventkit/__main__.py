"""`python -m eventkit`: the command line of a certain interpreter, where its scripts are not on the path."""

from eventkit.cli import main

if __name__ == "__main__":
    main()
