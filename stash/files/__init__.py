"""Files on disk, and files that Stash has scanned."""
