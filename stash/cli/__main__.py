"""`python -m stash.cli` is the command too."""

from stash.cli.entry import main

main()
