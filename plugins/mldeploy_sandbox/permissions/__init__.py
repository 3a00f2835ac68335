"""IAM for the caller: which permissions a call needs, and whether a policy gives them."""
