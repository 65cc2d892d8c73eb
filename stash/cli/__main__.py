"""`python -m stash.cli` is the command too."""

from stash.cli.main import main

main()
