"""`mldeploy ci write`: the pipelines of an existing project."""
