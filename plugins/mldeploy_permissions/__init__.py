"""`mldeploy policy`: the least that AWS has to allow so that a release can be deployed, and whom to trust with it.

A table says for each kind of step which IAM actions its driver needs on which resources. It is data and asks nobody, so
a policy can be written and reviewed before there is anything in the account. Recorded sandbox runs prove it (tests).
"""
