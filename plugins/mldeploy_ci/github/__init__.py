"""What `action.yml` runs: thin around the command line, so that every other CI can have the same."""
