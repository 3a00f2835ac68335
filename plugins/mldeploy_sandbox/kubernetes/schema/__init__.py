"""What the API server knows about its own types."""
