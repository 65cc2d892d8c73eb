"""Ours against the guide's pattern, the library's store as it is, and a bare script; run `python -m benchmarks`."""
