"""Damaged headers, drawn by a seed: read right, or refused in one line, never slowly; the ten thousand are run by hand."""

import pytest
from study import deep_mutants
from study.mutants import run

# Scans that once broke the reader: no block left for the anatomy, an intercept beyond 32 bits, a half-life of one second.
ONCE_BROKEN = (1, 163, 1992, 2800, 3401, 5038, 5406, 9816)


def test_two_hundred_damaged_scans_are_read_right_or_refused_in_one_line():
    assert run(200, first=20_000) == []


@pytest.mark.parametrize("seed", ONCE_BROKEN)
def test_what_once_broke_the_reader_does_not_any_more(seed):
    assert run(1, first=seed) == []


# A JPEG-LS frame that was cut off; MetaImage headers that broke their library stand in test_volume_files.py.
ONCE_BROKEN_DEEP = (5099,)


@pytest.mark.parametrize("seed", ONCE_BROKEN_DEEP)
def test_what_once_broke_the_reader_deep_inside_does_not_any_more(seed):
    assert run(1, seed, deep_mutants.scans(), deep_mutants.mutant) == []


def test_two_hundred_scans_damaged_deep_inside_are_read_right_or_refused_in_one_line():
    assert run(200, 20_000, deep_mutants.scans(), deep_mutants.mutant) == []
