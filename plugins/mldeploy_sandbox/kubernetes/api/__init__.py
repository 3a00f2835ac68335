"""The HTTP side: requests, verbs, discovery, watches."""
