"""Mapping templates: the part of the Velocity language that API Gateway documents for simple mappings.

Variables: $context.…, $stageVariables.…, $input.body, $input.path('$.…'), $input.json('$.…'), $input.params('…').
Directives: #set($context.responseOverride.… = …). A template with any other directive is refused, not guessed.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mldeploy_sandbox.apigateway.expressions import Scope

VARIABLE = re.compile(
    r"\$(?:\{(?P<braced>[^}]+)\}|(?P<plain>(?:context|stageVariables)(?:\.\w+)+|input\.body|input\.\w+\('[^']*'\)))"
)
INPUT_CALL = re.compile(r"input\.(?P<function>path|json|params)\('(?P<argument>[^']*)'\)")
OVERRIDE = re.compile(r"#set\(\s*\$context\.responseOverride\.(?P<target>[\w.-]+)\s*=\s*(?P<value>[^#]*?)\)(?=[^)]|$)")
DIRECTIVE = re.compile(r"#(?:set|if|else|elseif|foreach|end|define|macro)\b")


class UnsupportedTemplateError(Exception):
    """A template uses more of Velocity than the sandbox knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A filled template; `overrides` are by target: "status" or "header.NAME"."""

    text: str
    overrides: Mapping[str, str]


def render(template: str, scope: Scope) -> Rendered:
    """Fill in a template.

    Raises:
        UnsupportedTemplateError: it has directives that are not listed above.
    """
    overrides: dict[str, str] = {}

    def take_override(found: re.Match[str]) -> str:
        overrides[found["target"]] = _fill(found["value"].strip().strip("\"'"), scope)
        return ""

    rest = OVERRIDE.sub(take_override, template)
    directive = DIRECTIVE.search(rest)
    if directive is not None:
        message = f"the sandbox does not run '{directive[0]}' of the Velocity language"
        raise UnsupportedTemplateError(message)
    return Rendered(text=_fill(rest, scope), overrides=overrides)


def _fill(text: str, scope: Scope) -> str:
    return VARIABLE.sub(lambda found: _variable(found["braced"] or found["plain"], scope), text)


def _variable(name: str, scope: Scope) -> str:
    if name == "input.body":
        return scope.body
    call = INPUT_CALL.fullmatch(name)
    if call is None:
        return scope.value(name) or ""
    argument = call["argument"]
    if call["function"] == "params":
        places = (scope.method_request.get(place, {}) for place in ("path", "querystring", "header"))
        return next((values[argument] for values in places if argument in values), "")
    names = [part for part in argument.removeprefix("$").split(".") if part]
    found: Any = scope.body_member(names)
    if call["function"] == "json" and names:
        return json.dumps(found)
    return found if isinstance(found, str) else json.dumps(found)
