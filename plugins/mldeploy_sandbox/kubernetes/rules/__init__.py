"""What an object must be: defaults, validation, admission."""
