"""Parts of the reader. They run few wide statements, take plain rows, and validate every value once."""
