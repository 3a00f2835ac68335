"""The one node: pods as plain processes."""
