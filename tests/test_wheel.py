"""The wheel holds the numbers and the templates, and stages in a fresh environment, away from the checkout."""

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAKE_A_COARSE_CASE = """
from dataclasses import replace
from lungstage import make_case
from lungstage.phantom.parameters import shipped_parameters
pet = {"pet_voxel_mm": (6.0, 6.0, 5.0), "field_step_mm": 4.0}
coarse = replace(shipped_parameters(), ct_matrix=168, ct_pixel_mm=3.0, ct_slice_mm=4.0, **pet)
make_case(3, t="T2a", n="N1", m="M0", coverage="thorax", parameters=coarse).save("case")
"""


@pytest.fixture(scope="module")
def fresh_python(tmp_path_factory) -> Path:
    """A new environment with lungstage from its wheel; the libraries it needs are lent by the one that runs the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT)]
    subprocess.run(build, check=True, cwd=folder)
    (wheel,) = folder.glob("lungstage-*.whl")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True, capture_output=True, text=True
    ).stdout.strip()
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, str(wheel)], check=True, cwd=folder
    )
    # a .pth lends folders, not the editable install that lies in them
    Path(site, "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def run(python: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess:
    return subprocess.run([python, "-m", "lungstage", *arguments], cwd=cwd, capture_output=True, text=True)


@pytest.mark.slow
def test_the_wheel_stages_a_synthetic_patient_in_a_fresh_environment(fresh_python, tmp_path):
    command = [fresh_python, "-c", "import lungstage; print(lungstage.__file__)"]
    where = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert str(ROOT) not in where
    made = subprocess.run([fresh_python, "-c", MAKE_A_COARSE_CASE], cwd=tmp_path, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    staged = run(fresh_python, "stage", "case", "-o", "out", "--json", "--quiet", cwd=tmp_path)
    assert staged.returncode == 0, staged.stderr
    content = json.loads(staged.stdout)
    assert content["outcome"] == "staged"
    assert (tmp_path / "out" / "report.html").is_file()


def test_the_wheel_holds_the_numbers(fresh_python, tmp_path):
    checked = run(fresh_python, "priors", "export", "copy", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert run(fresh_python, "priors", "check", "copy", cwd=tmp_path).returncode == 0
    shipped, exported = (
        {str(path.relative_to(root)) for path in root.rglob("*") if path.suffix in (".toml", ".csv")}
        for root in (ROOT / "priors", tmp_path / "copy")
    )
    assert exported == shipped
