"""Read YAML with positions and strict scalars, and write it."""
