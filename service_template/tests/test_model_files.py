"""The service loads the model that was built, and nothing else."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pytest

from service.formats import load_model_file
from service.model_files import ModelFilesError, verified


@pytest.fixture
def model(model_dir: Path, tmp_path: Path) -> Path:
    """A copy of the trained model, to change."""
    return shutil.copytree(model_dir, tmp_path / "model")


def test_the_trained_model_is_verified(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_SHA256", verified(model))
    assert len(verified(model)) == 64


def test_a_changed_file_is_named(model: Path) -> None:
    (model / "model.json").write_text("{}")
    with pytest.raises(ModelFilesError, match=r"model\.json does not match the sha256 in SHA256SUMS"):
        verified(model)


def test_another_model_than_the_deployed_one_is_refused(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_SHA256", "0" * 64)
    with pytest.raises(ModelFilesError, match="not the one that was deployed"):
        verified(model)


def test_a_pickle_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({}))
    for load in (verified, lambda folder: load_model_file(folder / "model.pkl")):
        with pytest.raises(ModelFilesError, match="is a pickle"):
            load(tmp_path)
