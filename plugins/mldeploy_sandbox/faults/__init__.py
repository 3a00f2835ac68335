"""Faults on demand: a plan says what goes wrong and when, the front and the planes ask it."""
