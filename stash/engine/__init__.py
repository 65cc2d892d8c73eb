"""The engine of a run: wishes, what is settled, writing, and what is remembered of it."""
