"""Say what the source wants in Stash. Pure."""
