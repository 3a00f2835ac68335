"""Extract archives that may be hostile."""
