"""The plan: made from what is wanted and what is there, shown, written, reviewed."""
