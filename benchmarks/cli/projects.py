"""The release files and the project that the commands are run on."""

from __future__ import annotations

from pathlib import Path

GOOD = """\
name: sentiment
type: sagemaker
team: search
instance:
  type: ml.m5.xlarge
  count: 1
  volumeSizeInGB: 50
  region: eu-central-1
cache:
  enabled: true
  ttl: 3600
autoscaling:
  enabled: true
  minInstances: 1
  maxInstances: 4
"""
BROKEN = GOOD.replace("ml.m5.xlarge", "ml.m5.xlrage").replace("count: 1", "count: one")


def write_project(folder: Path, release: str) -> Path:
    """Write the least that a valid project holds, and return its release file."""
    (folder / "model").mkdir(parents=True)
    (folder / "requirements.lock").touch()
    file = folder / "release.yaml"
    file.write_text(release, encoding="utf-8")
    return file
