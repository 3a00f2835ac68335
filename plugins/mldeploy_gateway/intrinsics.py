"""CloudFormation's Fn::Join and AWS::Region inside specs: text that is put together from outputs of other steps."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy.model import JSON

REGION: JSON = {"Ref": "AWS::Region"}


def join(*parts: JSON) -> JSON:
    """Return text whose parts may be refs."""
    return {"Fn::Join": ["", list(parts)]}


def evaluated(value: JSON, region: str) -> JSON:
    """Return JSON data with its joins carried out; all refs must be resolved."""
    if value == REGION:
        return region
    if isinstance(value, Mapping):
        if set(value) == {"Fn::Join"}:
            separator, parts = value["Fn::Join"]
            return separator.join(evaluated(part, region) for part in parts)
        return {key: evaluated(item, region) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [evaluated(item, region) for item in value]
    return value
