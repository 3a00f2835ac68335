"""The commands: `python -m service serve` starts the service, `health` asks a running one (Docker HEALTHCHECK), and
`openapi` describes its API.
"""

from __future__ import annotations

import sys

from service.settings import Settings


def serve(settings: Settings) -> int:
    """Serve until a signal comes; return 1 when the model cannot be used."""
    from service import supervisor  # only here: `health` runs every few seconds and must stay cheap

    return supervisor.run(settings)


def health(settings: Settings) -> int:
    """Return 0 when a service on this machine answers /liveness."""
    import urllib.request  # only here: `serve` keeps its supervisor small

    try:
        urllib.request.urlopen(f"http://127.0.0.1:{settings.port}/liveness", timeout=2).close()
    except OSError:
        return 1
    return 0


def openapi(settings: Settings) -> int:
    """Write the API's description to standard output; the gateway checks requests by it."""
    import json  # only here, like the following: `health` must stay cheap

    from service.app import create_app
    from service.model import Model

    json.dump(create_app(Model(settings)).openapi(), sys.stdout, indent=2)
    return 0


COMMANDS = {"serve": serve, "health": health, "openapi": openapi}


def main(arguments: list[str]) -> int:
    """Run one command and return the exit code; 2 means that the command or an environment variable is wrong."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        sys.stderr.write(f"usage: python -m service {'|'.join(COMMANDS)}\n")
        return 2
    try:
        settings = Settings.from_environment()
    except ValueError as error:
        sys.stderr.write(f"environment variable {error}\n")
        return 2
    return COMMANDS[arguments[0]](settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
