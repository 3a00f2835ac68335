"""A Kubernetes API server on the loopback interface: objects, controllers, and pods that are plain processes."""
