"""docs/reading.md: each of the nineteen pains has a row, and every test it names exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = re.findall(r"^\| (\d+) \|(.*)$", (ROOT / "docs" / "reading.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_each_of_the_nineteen_pains_has_its_row():
    assert [int(number) for number, _ in ROWS] == list(range(1, 20))


@pytest.mark.parametrize("row", [row for _, row in ROWS], ids=[f"pain {number}" for number, _ in ROWS])
def test_every_test_a_row_names_exists(row):
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row)

    assert named
    for path, name in named:
        assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path} has no {name}"
