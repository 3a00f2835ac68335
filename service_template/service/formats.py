"""Load a model file by its suffix. No format here can run code that lies in the file, except pickles, which are off.

`model_loader.load` may use it: `return load_model_file(model_dir / "model.onnx")`. The package of a format is imported
when a file of that format is loaded; add it to requirements.in.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from service.model_files import HOW_TO_ALLOW, PICKLES, ModelFilesError, pickles_allowed


def load_model_file(path: Path, *, trusted: Sequence[str] = ()) -> Any:
    """Return what a file holds.

    | suffix | what comes back |
    |---|---|
    | .onnx | onnxruntime.InferenceSession |
    | .safetensors | dict of numpy arrays |
    | .skops | the scikit-learn estimator |
    | .ubj, .json | xgboost.Booster |
    | .txt | lightgbm.Booster |
    | .cbm | catboost.CatBoost |
    | .pkl, .pickle, .joblib | whatever was pickled, if that is allowed |

    `trusted` lists types that a .skops file may hold besides those that skops knows to be harmless.

    Raises:
        ModelFilesError: another suffix, a package that is missing, a type that is not trusted, a pickle.
    """
    suffix = path.suffix.lower()
    if suffix == ".skops":
        return _skops(path, trusted)
    if suffix not in LOADERS:
        raise ModelFilesError(f"{path.name}: no loader for this suffix; there is one for {', '.join(LOADERS)}, .skops")
    return LOADERS[suffix](path)


def _onnx(path: Path) -> Any:
    runtime = _package("onnxruntime", path)
    return runtime.InferenceSession(path, providers=runtime.get_available_providers())


def _safetensors(path: Path) -> Any:
    return _package("safetensors.numpy", path).load_file(path)


def _skops(path: Path, trusted: Sequence[str]) -> Any:
    skops = _package("skops.io", path)
    unknown = sorted(set(skops.get_untrusted_types(file=path)) - set(trusted))
    if unknown:
        raise ModelFilesError(
            f"{path.name} holds types that are not trusted: {', '.join(unknown)}; list them if you do"
        )
    return skops.load(path, trusted=list(trusted))


def _xgboost(path: Path) -> Any:
    return _package("xgboost", path).Booster(model_file=str(path))


def _lightgbm(path: Path) -> Any:
    return _package("lightgbm", path).Booster(model_file=str(path))


def _catboost(path: Path) -> Any:
    model = _package("catboost", path).CatBoost()
    return model.load_model(str(path))


def _pickle(path: Path) -> Any:
    if not pickles_allowed():
        raise ModelFilesError(f"{path.name} is a pickle, which can run any code: {HOW_TO_ALLOW}")
    if path.suffix.lower() == ".joblib":
        return _package("joblib", path).load(path)
    with path.open("rb") as file:
        return _package("pickle", path).load(file)


def _package(name: str, path: Path) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        raise ModelFilesError(f"{path.name} needs the package {package}: add it to requirements.in") from error


LOADERS: dict[str, Callable[[Path], Any]] = {
    ".onnx": _onnx,
    ".safetensors": _safetensors,
    ".ubj": _xgboost,
    ".json": _xgboost,
    ".txt": _lightgbm,
    ".cbm": _catboost,
    **dict.fromkeys(sorted(PICKLES - {".dill", ".cloudpickle"}), _pickle),
}
