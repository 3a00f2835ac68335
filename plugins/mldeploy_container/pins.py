"""The pin of a model that comes from elsewhere: which version it is, and the hash of its files.

`mldeploy model pin` asks the registry and writes `model.lock.json` beside release.yaml; from then on describing a
release needs no network, everybody deploys the same version, and a promotion is a change that can be reviewed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from mldeploy.errors import UsageError

FILE = "model.lock.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One version of a model.

    - `source`: as in release.yaml. `version`: what it stood for (a registry's version, or an S3 version or ETag).
    - `url`: where the files lie. `etag`: of an archive in S3. `sha256`: see `mldeploy.model_files`.
    """

    source: str
    version: str
    url: str
    sha256: str
    etag: str = ""


def read_pin(root: Path, source: str) -> Pin | None:
    """Return the pin of a source; None when there is none, or it belongs to another source.

    Raises:
        UsageError: the file is damaged.
    """
    file = root / FILE
    if not file.is_file():
        return None
    try:
        pin = Pin(**json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        message = f"{FILE} cannot be read: {error}"
        raise UsageError(message, hint="run `mldeploy model pin` to write it again") from error
    return pin if pin.source == source else None


def write_pin(root: Path, pin: Pin) -> Path:
    """Write the pin, and return the file."""
    file = root / FILE
    file.write_text(json.dumps(asdict(pin), indent=2) + "\n", encoding="utf-8")
    return file
