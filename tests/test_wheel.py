"""The package as it is uploaded: built, checked, and installed in an environment of its own."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import ltv_bayes as lb

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Builds wheel and source distribution."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return {path.suffix: path for path in folder.iterdir()}


class TestWheel:
    def test_both_pass_the_check_of_the_index(self, built):
        command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, built.values())]
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr

    def test_the_wheel_holds_every_file_of_the_package(self, built):
        names = set(zipfile.ZipFile(built[".whl"]).namelist())
        own = {path for path in (ROOT / "ltv_bayes").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
        assert {str(path.relative_to(ROOT)) for path in own} <= names

    def test_the_source_holds_no_data_of_benchmarks_and_no_environment(self, built):
        with tarfile.open(built[".gz"]) as source:
            names = source.getnames()
        assert [name for name in names if ".venv" in name or ".peer" in name or ".data" in name] == []

    def test_it_runs_where_it_is_installed(self, built, tmp_path):
        target = tmp_path / "site"
        install = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--target",
            str(target),
        ]
        subprocess.run([*install, str(built[".whl"])], check=True, capture_output=True)
        value = "lb.subscription_ltv(arpa=1000, margin=0.8, churn=0.02)"
        question = f"import ltv_bayes as lb; print(lb.__file__, lb.__version__, {value})"
        environment = {"PYTHONPATH": str(target), "PATH": ""}
        command = [sys.executable, "-c", question]
        ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        file, version, value = ran.stdout.split()
        assert Path(file).is_relative_to(target)
        assert (version, float(value)) == (lb.__version__, 40_000)
