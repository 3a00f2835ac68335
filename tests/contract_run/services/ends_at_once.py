"""It cannot load its model."""

raise ValueError("the model is not of this version")
