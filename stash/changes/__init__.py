"""The changes of a run: one form for the sync, the plan, the journal and the undo."""
