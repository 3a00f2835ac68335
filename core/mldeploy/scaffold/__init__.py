"""Make a project and keep it current: `mldeploy init` and `mldeploy update`."""
