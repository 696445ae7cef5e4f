"""The passport: what is in there, what would be used, and what is wrong with it."""

import json

import numpy as np
from study.scans import (
    ct_series,
    pet_series,
    save,
)

from lungstage.study import inspect


def test_the_passport_tells_where_nothing_can_be_staged(tmp_path):
    save(pet_series(np.full((6, 12, 12), 2000.0)), tmp_path / "pet")
    broken = ct_series()
    del broken[3]
    save(broken, tmp_path / "broken")

    alone, gap = inspect(tmp_path / "pet"), inspect(tmp_path / "broken")

    assert alone.ct is None and alone.pet.trust == "exact" and alone.notes[0].code == "not_staged"
    assert gap.ct is None and "missing" in gap.notes[0].text


def test_inspect_prints_the_passport(tmp_path, capsys):
    import argparse

    from lungstage.cli import inspect as command

    save(ct_series(), tmp_path)
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())

    for extra in ([], ["--json"]):
        arguments = parser.parse_args(["inspect", str(tmp_path), *extra])
        assert arguments.run(arguments) == 0
    printed = capsys.readouterr().out

    text, _, entry = printed.partition("{")
    assert 'use  CT   "THORAX B30f"   8 slices  0.80 x 0.70 x 2.50 mm' in text
    assert "ok   geometry: equal steps, no tilt" in text
    assert json.loads("{" + entry)["ct"]["unit"] == "HU"
