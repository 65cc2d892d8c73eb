"""What a run changes, as one form for the sync, the plan, the journal and the undo."""
