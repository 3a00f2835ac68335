"""What runs in Lambda: these files and nothing else are in the zip; the runtime brings botocore."""
