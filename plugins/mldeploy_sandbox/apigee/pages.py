"""Where the stand-in's pages are on the sandbox's port. Light: imports nothing."""

from __future__ import annotations

MANAGEMENT = "/v1/organizations"
"""As on apigee.googleapis.com."""

TOKENS = "/google"
"""Of the token endpoints."""
