"""The forms of what people give for policies: neither wildcards nor policy variables, which would widen them."""

from __future__ import annotations

import re
from collections.abc import Callable

import click

ACCOUNT = re.compile(r"\d{12}", re.ASCII)
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
ORIGIN = re.compile(r"[\w.-]+(/[\w.-]+){2,}", re.ASCII)
BRANCH = re.compile(r"[^\s*?$]+")
NAME = re.compile(r"[^*?$]+")
DIGITS = re.compile(r"\d*", re.ASCII)


def formed(form: re.Pattern[str], what: str) -> Callable[[click.Context, click.Parameter, str], str]:
    """Return the callback of an option that refuses what has another form; `what` says in a message which one."""

    def check(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
        if form.fullmatch(value) is None:
            message = f"{value!r} is not {what}"
            raise click.BadParameter(message)
        return value

    return check
