"""The floors of the house: who may import whom, who may print, who may open priors/."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "lungstage"
FLOORS = {
    "errors": 0, "geometry": 0, "tables": 0, "folders": 0,
    "kernels": 1, "crf": 1, "tnm": 1,
    "records": 2,
    "study": 3, "lungs": 3, "skeleton": 3, "anatomy": 3, "normality": 3, "lesions": 3, "staging": 3, "phantom": 3,
    "explain": 4, "evaluation": 4,
    "pipeline": 5, "cohort": 5,
    "cli": 6,
}  # fmt: skip
PHANTOM_MAY_USE = {"errors", "geometry", "tables", "folders", "kernels", "tnm", "records", "phantom"}
IMAGE_LIBRARIES = {"SimpleITK", "skimage", "pydicom", "nibabel", "scipy.ndimage"}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem not in ("__init__", "__main__"))


def room(path: Path) -> str:
    inside = path.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def rooms_imported(path: Path) -> set[str]:
    depth = len(path.relative_to(PACKAGE).parts)
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == depth:
            rooms |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").startswith("lungstage."):
            rooms.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            rooms |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("lungstage.")}
    return rooms & set(FLOORS)


def outside_imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_lower_floors(path):
    own = room(path)
    assert own in FLOORS, f"{path} is a room that architecture.md does not know"
    for imported in rooms_imported(path) - {own}:
        assert FLOORS[imported] < FLOORS[own] or FLOORS[own] == 0, (
            f"{path.relative_to(PACKAGE)} (floor {FLOORS[own]}) imports {imported} (floor {FLOORS[imported]}): "
            "move it down or pass it through a record"
        )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_is_about(path):
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text)), f"{path} has no first line that says what flows in and out"


def test_the_phantom_knows_no_program():
    for path in MODULES:
        if room(path) == "phantom":
            assert rooms_imported(path) <= PHANTOM_MAY_USE, f"{path} uses the program it is meant to test"


def test_staging_imports_no_image_library():
    for path in MODULES:
        if room(path) in ("staging", "tnm"):
            assert not outside_imports(path) & IMAGE_LIBRARIES, f"{path} reads images; it works from numbers"


def test_kernels_know_no_record():
    for path in MODULES:
        if room(path) == "kernels":
            assert rooms_imported(path) <= {"kernels", "errors"}, f"{path} knows more than plain arrays"


def test_only_the_command_line_prints():
    for path in MODULES:
        if room(path) == "cli":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
            assert not called, f"{path}:{node.lineno} prints; raise an error or write a Note"


def test_only_tables_opens_priors():
    for path in MODULES:
        if room(path) != "tables":
            assert "lungstage.priors" not in path.read_text(), f"{path} opens priors/ itself"


def test_every_kernel_has_a_naive_twin():
    for path in (PACKAGE / "kernels").glob("*.py"):
        if path.stem != "__init__":
            twin = PACKAGE.parent / "tests" / "naive" / path.name
            assert twin.is_file(), f"lungstage/kernels/{path.name} has no twin tests/naive/{path.name}"


def test_every_package_is_listed_for_the_wheel():
    from configparser import ConfigParser

    config = ConfigParser()
    config.read(PACKAGE.parent / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    there = {
        "lungstage." + str(p.parent.relative_to(PACKAGE)).replace("/", ".")
        for p in PACKAGE.rglob("__init__.py")
        if p.parent != PACKAGE
    }
    assert listed == there | {"lungstage", "lungstage.priors"}
