"""What can be examined: a command of this machine, or an image in a container engine."""
