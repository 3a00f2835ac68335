"""The management API: everything below /v1/organizations."""
