"""The data plane: requests on their way through deployed proxies."""
