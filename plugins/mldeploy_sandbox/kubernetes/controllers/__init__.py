"""What a control plane does by itself: deployments, garbage, services."""
