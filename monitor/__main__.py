"""Run the command line as a module: `python -m monitor`."""

from monitor.cli import main

if __name__ == "__main__":
    main()
