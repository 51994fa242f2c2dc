"""The main job where machines are bare: each time a model is trained, kept and measured."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import tinygrad_mnist
from tinygrad_mnist import model_file
from tinygrad_mnist.kernels import cache_folder

NO_CACHE = "warning: tinygrad_mnist keeps no machine code"
JOB = ("--hidden", "8", "--epochs", "1", "--batch-size", "50", "--eager")


@pytest.fixture
def trained(folder, tmp_path):
    """Trains, and gives what was said on standard error."""

    def train(*options, cwd=tmp_path, data=folder, package=None, **how):
        variables = how.pop("variables", {})
        path = os.pathsep.join(filter(None, [package, *sys.path]))
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **variables}
        environment = {name: value for name, value in environment.items() if value is not None}
        command = [sys.executable, *options, "-m", "tinygrad_mnist", "train", "--data", data, *JOB]
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, **how
        )
        assert done.returncode == 0, done.stderr
        assert "test accuracy" in done.stdout
        assert model_file.load(Path(cwd, "digits.safetensors")).history.epochs
        return done.stderr

    return train


NOWHERE = dict.fromkeys((cache_folder.VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"))


@pytest.mark.parametrize("options", [["-W", "error"], ["-O"], ["-OO", "-W", "error"]])
def test_strict_and_optimised(trained, options):
    assert trained(*options) == ""


def test_without_a_home_and_with_warnings_as_errors(trained):
    for options in ([], ["-W", "error"]):
        said = trained(*options, variables=NOWHERE)
        assert said.startswith(NO_CACHE)
        assert len(said.splitlines()) == 1


def test_one_core(trained):
    assert trained(preexec_fn=lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})) == ""


def test_a_path_with_spaces_and_accents(trained, folder, tmp_path):
    place = tmp_path / "Müllers Rechner ひ (alt)"
    shutil.copytree(folder, place / "data")
    source = Path(tinygrad_mnist.__file__).parent
    shutil.copytree(source, place / "tinygrad_mnist", ignore=shutil.ignore_patterns("__pycache__"))
    cache = {cache_folder.VARIABLE: str(place / "cache")}
    assert trained(cwd=place, data="data", package=str(place), variables=cache) == ""
    assert any((place / "cache").iterdir())


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_whose_home_cannot_be_written(trained, folder):
    ordinary = {"user": 65534, "group": 65534, "extra_groups": []}
    command, path = [sys.executable, "-c", "import tinygrad_mnist"], os.pathsep.join(filter(None, sys.path))
    try:
        subprocess.run(
            command, env={"PYTHONPATH": path}, cwd="/", check=True, capture_output=True, **ordinary
        )
    except (PermissionError, subprocess.CalledProcessError):
        pytest.skip("this Python lies where no other user can reach it")
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        shutil.copytree(folder, Path(place, "data"))
        Path(place, "home").mkdir(mode=0o555)
        Path(place, "work").mkdir()
        os.chown(Path(place, "work"), 65534, 65534)
        home = {**NOWHERE, "HOME": f"{place}/home"}
        said = trained(cwd=f"{place}/work", data="../data", variables=home, **ordinary)
        assert said.startswith(NO_CACHE)
        assert f"{place}/home" in said
