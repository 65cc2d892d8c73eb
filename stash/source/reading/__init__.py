"""How the reader reads: few wide statements, plain rows, every value looked at once."""
