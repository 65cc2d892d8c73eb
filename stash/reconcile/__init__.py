"""Decide by a three-way merge what becomes of an entity."""
