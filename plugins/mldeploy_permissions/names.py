"""What the braces in the ARNs of grants stand for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mldeploy import Ref, Step
from mldeploy_aws.buckets import LONGEST_BUCKET_NAME
from mldeploy_aws.naming import shortened

BRACES = re.compile(r"\{([^{}]+)\}")
HASH = "????????"
"""The eight hex digits at the end of the name of an immutable step, as IAM's wildcards."""
S3 = "s3://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names in one account and region.

    `{region}` and `{account}` speak for themselves; `{name}` is the name of the step, with wildcards in the place of a
    content hash; `{bucket}` is the bucket that it is or lies in. Everything else is a property of the step's spec,
    such as `{VpcConfig.SubnetIds}`: a path leads through references into the spec of the step that is referred to, and
    a reference at its end stands for the name of that step.
    """

    account: str
    region: str
    steps: Mapping[str, Step]

    def filled(self, template: str, step: Step) -> str:
        """Return a template with its braces filled in; a value that is an ARN already takes the place of it all."""
        values = {name: self._value(name, step) for name in BRACES.findall(template)}
        whole = next((value for value in values.values() if value.startswith("arn:")), None)
        return whole or BRACES.sub(lambda found: values[found[1]], template)

    def has(self, path: str, step: Step) -> bool:
        """Return whether a property of a step's spec is there and not empty."""
        try:
            return bool(self._found(path, step))
        except (KeyError, IndexError, TypeError):
            return False

    def _value(self, name: str, step: Step) -> str:
        if name in {"account", "region"}:
            return str(getattr(self, name))
        if name == "name":
            return _pattern(step)
        if name == "bucket":
            return self._bucket(step)
        found = self._found(name, step)
        if isinstance(found, Ref):
            return _pattern(self.steps[found.step])
        text = str(found).removeprefix(S3)
        return "*" if text.startswith("alias/") else text  # an alias of a key cannot stand in an ARN of a policy

    def _found(self, path: str, step: Step) -> Any:
        found: Any = step.spec
        for part in path.split("."):
            if isinstance(found, Ref):
                found = self.steps[found.step].spec
            found = found[int(part)] if isinstance(found, list) else found[part]
        return found

    def _bucket(self, step: Step) -> str:
        """Return the name of a bucket; ours has account and region in it, because names are global."""
        if "Url" in step.spec:
            return str(step.spec["Url"]).removeprefix(S3).partition("/")[0]
        owner = step if "BucketName" not in step.spec else self.steps[step.spec["BucketName"].step]
        suffix = f"-{self.account}-{self.region}"
        return shortened(owner.name, LONGEST_BUCKET_NAME - len(suffix)) + suffix


def _pattern(step: Step) -> str:
    return f"{step.name.rpartition('-')[0]}-{HASH}" if step.immutable else step.name
