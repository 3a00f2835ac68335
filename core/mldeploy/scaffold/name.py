"""Which names a project may have, and a better one for those it may not."""

from __future__ import annotations

import re

from mldeploy.errors import UsageError
from mldeploy.scaffold.questions import partial_problems
from mldeploy.schema import base_schema

LONGEST = 32


def check_name(name: str) -> None:
    """Accept a name that fits SageMaker, ECR, Lambda, Apigee and Kubernetes, by the rule in schemas/base.json.

    Raises:
        UsageError: it does not fit; the hint holds one that does, if there is one.
    """
    problems = partial_problems({"name": name}, base_schema())
    if not problems:
        return
    better = suggested_name(name)
    message = f"'{name[:60]}' cannot be the name of a project: {problems[0].message}"
    raise UsageError(message, hint=f"mldeploy init {better}" if better else "for example: mldeploy init sentiment")


def suggested_name(name: str) -> str | None:
    """Return the nearest name that fits: `Sentiment_Model` becomes `sentiment-model`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    words = re.findall(r"[a-z0-9]+", spaced.lower())
    found = re.sub(r"^[0-9-]+", "", "-".join(words))[:LONGEST].strip("-")
    return found if len(found) >= 3 else None
