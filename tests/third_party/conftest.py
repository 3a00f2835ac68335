collect_ignore = ["mldeploy-shelf"]  # it runs in an environment of its own
