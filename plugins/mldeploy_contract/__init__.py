"""`mldeploy contract`: run any inference service as SageMaker would, and judge it rule by rule.

From Python: `examine(target, conditions)` of `mldeploy_contract.examination` yields one `Verdict` per rule.
"""
