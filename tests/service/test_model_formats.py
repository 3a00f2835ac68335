"""Model files in the generated service: only those that were pinned, and no pickles unless somebody said so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mldeploy.model_files import model_digest
from mldeploy.pickles import SUFFIXES
from tests.installation import Environment
from tests.service.conftest import write_project

pytestmark = pytest.mark.req("2.7", "D7")
FOLDERS = {
    "one file": {"model.json": b"{}"},
    "folders": {"b/2": b"2", "a/1": b"1", "a-b": b"3", "Z": b"4", "\u00e9": b"5"},
    "what does not count": {"model": b"1", "__pycache__/x.pyc": b"2", "SHA256SUMS": None},
}


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        if content is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("formats"))


def in_project(project: Path, statement: str, python: Path = Path(sys.executable), **environment: str):
    """Run statements in the project with both modules imported; the last line of stderr is the error."""
    code = "from pathlib import Path\nfrom service import formats, model_files\n" + statement
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MODEL_")}
    return subprocess.run(
        [python, "-c", code], cwd=project, env=clean | environment, capture_output=True, text=True, check=False
    )


def verified(project: Path, model: Path, **environment: str):
    return in_project(project, f"print(model_files.verified(Path({str(model)!r})))", **environment)


@pytest.mark.parametrize("files", FOLDERS.values(), ids=FOLDERS)
def test_the_service_the_tool_and_sha256sum_agree(project: Path, tmp_path: Path, files: dict[str, bytes]):
    model = write(tmp_path, files)
    checked = verified(project, model)
    assert checked.stdout.strip() == model_digest(model), checked.stderr
    command = "find . -type f ! -name SHA256SUMS ! -path '*__pycache__*' -printf '%P\\n' | LC_ALL=C sort"
    by_hand = f"{command} | xargs -d '\\n' sha256sum | sha256sum"
    shell = subprocess.run(["sh", "-c", by_hand], cwd=model, capture_output=True, text=True, check=True)
    assert shell.stdout.split()[0] == model_digest(model)


@pytest.mark.parametrize("change", ["edit", "add", "remove", "rename"])
def test_a_folder_that_is_not_the_pinned_one_is_refused(project: Path, tmp_path: Path, change: str):
    model = write(tmp_path, {"a": b"1", "b": b"2"})
    pinned = model_digest(model)
    assert verified(project, model, MODEL_SHA256=pinned).returncode == 0
    {
        "edit": lambda: (model / "a").write_bytes(b"3"),
        "add": lambda: (model / "c").write_bytes(b""),
        "remove": (model / "a").unlink,
        "rename": lambda: (model / "a").rename(model / "c"),
    }[change]()
    refused = verified(project, model, MODEL_SHA256=pinned)
    assert refused.returncode == 1
    assert "not the one that was deployed" in refused.stderr


def test_without_a_pin_the_list_of_checksums_names_the_file_that_changed(project: Path, tmp_path: Path):
    model = write(tmp_path, {"a": b"1", "b": b"2"})
    assert in_project(project, f"model_files.write_checksums(Path({str(model)!r}))").returncode == 0
    assert verified(project, model).returncode == 0
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=model, check=True, capture_output=True)
    (model / "b").write_bytes(b"3")
    assert "b does not match the sha256 in SHA256SUMS" in verified(project, model).stderr


def test_the_service_and_the_tool_know_the_same_pickles(project: Path):
    assert in_project(project, "print(*sorted(model_files.PICKLES))").stdout.split() == sorted(SUFFIXES)


def test_an_empty_folder_is_no_model(project: Path, tmp_path: Path):
    assert "no model files" in verified(project, tmp_path).stderr


PICKLED = "import pickle; pickle.dump({'a': 1}, open('model.pkl', 'wb'))"


def test_a_pickle_needs_permission_and_a_pin(project: Path, tmp_path: Path):
    subprocess.run([sys.executable, "-c", PICKLED], cwd=tmp_path, check=True)
    pin = {"MODEL_SHA256": model_digest(tmp_path)}
    load = f"print(formats.load_model_file(Path({str(tmp_path / 'model.pkl')!r})))"
    for settings in ({}, pin, {"MODEL_ALLOW_PICKLE": "true"}, {"MODEL_ALLOW_PICKLE": "false", **pin}):
        assert "is a pickle" in verified(project, tmp_path, **settings).stderr
        assert "is a pickle" in in_project(project, load, **settings).stderr
    allowed = {"MODEL_ALLOW_PICKLE": "true", **pin}
    assert verified(project, tmp_path, **allowed).returncode == 0
    assert in_project(project, load, **allowed).stdout == "{'a': 1}\n"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("model.h5", "no loader for this suffix"),
        ("model", "no loader for this suffix"),
        ("model.absent", "no loader for this suffix"),
    ],
)
def test_another_suffix_is_refused_with_those_there_are(project: Path, tmp_path: Path, name: str, says: str):
    refused = in_project(project, f"formats.load_model_file(Path({str(tmp_path / name)!r}))")
    assert says in refused.stderr
    assert ".onnx" in refused.stderr


PACKAGES = {"onnxruntime": "x.onnx", "safetensors": "x.safetensors", "skops": "x.skops", "xgboost": "x.ubj"}
PACKAGES |= {"lightgbm": "x.txt", "catboost": "x.cbm"}


@pytest.mark.parametrize(("package", "name"), PACKAGES.items())
def test_a_missing_package_is_named(project: Path, package: str, name: str):
    hidden = f"import sys; sys.modules[{package!r}] = None\nformats.load_model_file(Path({name!r}))"
    refused = in_project(project, hidden)
    assert f"{name} needs the package {package}: add it to requirements.in" in refused.stderr


SAVE_AND_LOAD = """
import json, sys
import numpy, onnx, onnxruntime, safetensors.numpy, skops.io, xgboost, lightgbm, catboost
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

x = numpy.random.default_rng(0).random((60, 3)); y = (x[:, 0] > 0.5).astype(int)
folder = Path(sys.argv[1])
def at(name): return folder / name
same = {}

node = onnx.helper.make_node("Add", ["x", "x"], ["y"])
value = lambda name: onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1])
graph = onnx.helper.make_graph([node], "twice", [value("x")], [value("y")])
onnx.save(onnx.helper.make_model(graph, ir_version=8, opset_imports=[onnx.helper.make_opsetid("", 17)]), at("m.onnx"))
session = formats.load_model_file(at("m.onnx"))
same["onnx"] = session.run(None, {"x": numpy.array([2], dtype="float32")})[0].tolist() == [4.0]

safetensors.numpy.save_file({"w": x}, at("m.safetensors"))
same["safetensors"] = numpy.array_equal(formats.load_model_file(at("m.safetensors"))["w"], x)

model = LogisticRegression().fit(x, y)
skops.io.dump(model, at("m.skops"))
same["skops"] = numpy.array_equal(formats.load_model_file(at("m.skops")).predict(x), model.predict(x))

skops.io.dump(FunctionTransformer(json.dumps), at("odd.skops"))
try:
    formats.load_model_file(at("odd.skops"))
except model_files.ModelFilesError as error:
    same["skops refuses"] = "json.dumps" in str(error)
trusted = skops.io.get_untrusted_types(file=at("odd.skops"))
same["skops trusts"] = formats.load_model_file(at("odd.skops"), trusted=trusted).func is json.dumps

booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(x, y), 3)
for name in ("m.ubj", "m.json"):
    booster.save_model(at(name))
    loaded = formats.load_model_file(at(name))
    same[name] = numpy.array_equal(loaded.predict(xgboost.DMatrix(x)), booster.predict(xgboost.DMatrix(x)))

booster = lightgbm.train({"verbose": -1, "num_threads": 1, "min_data_in_leaf": 5}, lightgbm.Dataset(x, y), 3)
booster.save_model(at("m.txt"))
same["lightgbm"] = numpy.allclose(formats.load_model_file(at("m.txt")).predict(x), booster.predict(x))

model = catboost.CatBoost({"iterations": 3, "verbose": 0, "thread_count": 1, "allow_writing_files": False}).fit(x, y)
model.save_model(str(at("m.cbm")))
same["catboost"] = numpy.allclose(formats.load_model_file(at("m.cbm")).predict(x), model.predict(x))
print(json.dumps(same))
"""


@pytest.mark.full
@pytest.mark.timeout(1200)
def test_every_format_loads_what_its_own_package_saved(project: Path, tmp_path: Path):
    environment = Environment.make(tmp_path / "venv")
    environment.install("onnx", "scikit-learn", *PACKAGES)
    (tmp_path / "save_and_load.py").write_text(
        "from pathlib import Path\nfrom service import formats, model_files\n" + SAVE_AND_LOAD
    )
    done = subprocess.run(
        [environment.python, tmp_path / "save_and_load.py", tmp_path],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    same = json.loads(done.stdout.splitlines()[-1])
    assert same
    assert all(same.values()), same
