"""`python -m simulator` is `drsim`."""

from simulator.cli.main import main

main()
