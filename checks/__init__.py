"""What `make check` measures of the code itself."""
