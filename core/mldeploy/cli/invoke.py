"""`mldeploy invoke`: send one request to the deployed service, as a caller would."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from mldeploy.cli.options import as_json, environment


@click.command()
@click.argument("text", required=False)
@environment
@click.option("--data", help="The body to send; @FILE reads a file, - reads stdin.")
@click.option("--content-type", default="application/json", show_default=True, help="The type of the body.")
@click.option("--header", "headers", multiple=True, metavar="NAME: VALUE", help="Add or replace a header.")
@as_json
def invoke(
    *,
    text: str | None,
    file: Path,
    env: str,
    data: str | None,
    content_type: str,
    headers: tuple[str, ...],
    as_json: bool,
) -> int:
    """Send one request through the gateway, with credentials. Exit 5 when the answer is an HTTP error.

    \b
    mldeploy invoke "I love it"                    sends {"instances": ["I love it"]}
    mldeploy invoke --data '{"instances": ["x"]}'  sends the body as it is
    mldeploy invoke --data @body.json --env dev
    """
    from mldeploy.events import unseen
    from mldeploy.session import Session

    body = _body(text, data)
    own = dict(_header(header) for header in headers)
    with Session(file, env, unseen).recorded(f"invoke --env {env}") as deployment:
        caller = deployment.context.provider("caller")
        sent = {"content-type": content_type, **caller.credentials(), **own}
        answer = caller.send(body, sent)
    cache = f"  X-Cache: {answer.headers['x-cache']}" if "x-cache" in answer.headers else ""
    if as_json:
        data_out = {"status": answer.status, "headers": dict(answer.headers), "seconds": round(answer.seconds, 4)}
        click.echo(json.dumps({**data_out, "body": answer.body.decode(errors="replace")}, indent=2))
    else:
        click.echo(f"{answer.status}  {answer.seconds * 1000:.0f} ms{cache}", err=True)
        click.echo(answer.body.decode(errors="replace"))
    return 0 if answer.status < 400 else 5


def _body(text: str | None, data: str | None) -> bytes:
    if (text is None) == (data is None):
        message = "give a text or --data, one of them"
        raise click.UsageError(message)
    if text is not None:
        return json.dumps({"instances": [text]}).encode()
    if data == "-":
        return sys.stdin.buffer.read()
    if data is not None and data.startswith("@"):
        try:
            return Path(data[1:]).read_bytes()
        except OSError as error:
            message = f"cannot read {data[1:]}: {error.strerror}"
            raise click.UsageError(message) from error
    return (data or "").encode()


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        message = f"a header is written 'NAME: VALUE', not {text!r}"
        raise click.UsageError(message)
    return name.strip().lower(), value.strip()
