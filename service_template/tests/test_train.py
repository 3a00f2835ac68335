"""Training is repeatable and refuses a bad model."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def train(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "train.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_same_data_gives_the_same_files(model_dir: Path, tmp_path: Path) -> None:
    assert train("--output", str(tmp_path)).returncode == 0
    for path in model_dir.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


def test_a_model_below_the_floor_is_not_saved(tmp_path: Path) -> None:
    rows = [f"word{number},{'positive' if number % 2 else 'negative'}" for number in range(40)]
    data = tmp_path / "noise.csv"
    data.write_text("\n".join(["text,label", *rows, *(row.replace("word", "word word") for row in rows)]))
    result = train("--data", str(data), "--output", str(tmp_path / "model"))
    assert result.returncode == 1
    assert "below the floor" in result.stderr
    assert not (tmp_path / "model").exists()
