"""Pages under docs/ that are made of other files say what those files say."""

import importlib.util
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def maker():
    spec = importlib.util.spec_from_file_location("make_stages", ROOT / "docs" / "make_stages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_the_stages_is_current():
    assert (ROOT / "docs" / "stages.md").read_text(encoding="utf-8") == maker().stages_page(), (
        "docs/stages.md is behind priors/parameters: python docs/make_stages.py"
    )


def test_every_number_of_every_parameter_file_stands_on_the_page_with_its_meaning():
    page = (ROOT / "docs" / "stages.md").read_text(encoding="utf-8")
    for path in sorted((ROOT / "priors" / "parameters").glob("*.toml")):
        for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            assert f"| `{name}` |" in page and entry["meaning"].replace("|", "\\|") in page, f"{path.name}: {name}"


def test_a_new_file_of_numbers_is_on_the_page_even_before_a_stage_names_it(tmp_path):
    (tmp_path / "lungs.toml").write_text(
        '# Lungs.\n\n[a_mm]\nvalue = [1.0, 2.0]\nunit = "mm"\nrange = [0, 3]\nmeaning = "a | b"\nsource = "me"\nverified=false\n'
    )
    (tmp_path / "new.toml").write_text('# New.\n\n[b]\nvalue = true\nunit = ""\nmeaning = "c"\nsource = "design"\n')

    page = maker().stages_page(tmp_path)

    assert "| `a_mm` | 1.0, 2.0 | mm | 0, 3 | a \\| b | me * |" in page
    assert "## Other" in page and "| `b` | True |" in page
