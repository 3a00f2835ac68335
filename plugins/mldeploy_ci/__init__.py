"""Continuous integration: pack and lint CircleCI orbs and configs, and log a job in to its clouds."""
