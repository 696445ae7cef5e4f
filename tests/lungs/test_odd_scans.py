"""Lungs of patients turned, scanned thick, thin or noisily, half seen or not seen at all; and what once went wrong."""

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pytest
from lungs.chests import SHAPE, SPACING, TURNS, Chest, dice, draw, store_turned, study_of, upper_part

from lungstage.geometry import Grid
from lungstage.kernels.threads import count_threads, set_threads
from lungstage.lungs import find_lungs
from lungstage.records import Volume

GOOD = 0.97  # as in test_find_lungs: a half-voxel rim of a drawn lung is 2 to 3 % of it
MASKS = ("right", "left", "airway", "hull", "body")


@pytest.fixture(scope="module")
def plain():
    study, truth = draw(Chest())
    return study, truth, find_lungs(study)


def both(lungs):
    return lungs.right | lungs.left


@pytest.mark.parametrize("name", TURNS)
def test_however_the_array_lies_the_lungs_are_where_they_are_in_the_patient(plain, tmp_path, name):
    pytest.importorskip("SimpleITK")
    from lungstage.study import read_study

    study, _, lungs = plain
    store_turned(study, TURNS[name], tmp_path / "ct.nii.gz")

    read = read_study(tmp_path / "ct.nii.gz")
    found = find_lungs(read)

    points = study.ct.grid.to_mm(np.argwhere(lungs.right)[::50])
    index = np.rint(read.ct.grid.to_index(points)).astype(int)
    assert found.right[tuple(index.T)].mean() > 0.99  # floats of the header may move a voxel of the border
    assert np.count_nonzero(found.right) == pytest.approx(np.count_nonzero(lungs.right), rel=0.01)
    assert np.count_nonzero(found.left) == pytest.approx(np.count_nonzero(lungs.left), rel=0.01)


@pytest.mark.parametrize("noise_hu", [25, 50, 100])
def test_noise_does_not_move_the_lungs(noise_hu):
    study, truth = draw(Chest(noise_hu=noise_hu))

    lungs = find_lungs(study)

    assert dice(lungs.right, truth["right"]) >= GOOD and dice(lungs.left, truth["left"]) >= GOOD


@pytest.mark.parametrize("thick_mm", [0.6, 8.0])
def test_lungs_of_thin_and_thick_slices_are_the_same_lungs(thick_mm):
    study, truth = draw(Chest(), (round(304 / thick_mm), *SHAPE[1:]), (thick_mm, *SPACING[1:]))

    lungs = find_lungs(study)

    # at 8 mm the half-voxel rim of dome and apex alone is 2 % of a lung
    assert dice(both(lungs), truth["right"] | truth["left"]) >= (GOOD if thick_mm < 8 else 0.95)
    assert lungs.airway[truth["airway"]].mean() > 0.85


@pytest.mark.parametrize("side", ["right", "left"])
def test_half_a_thorax_shows_its_lung_and_says_what_is_cut(side):
    study, truth = draw(Chest())
    half = slice(0, 60) if side == "right" else slice(68, SHAPE[2])
    low, high = (0, 0, half.start), (*SHAPE[:2], half.stop)
    part = replace(study, ct=Volume(study.ct.values[:, :, half], study.ct.grid.box(low, high), "HU"))

    lungs = find_lungs(part)

    assert dice(both(lungs), (truth["right"] | truth["left"])[:, :, half]) >= GOOD
    assert lungs.quality.cut and lungs.quality.covered < 0.95


@pytest.mark.parametrize("side", [-1, 1])
def test_the_bone_of_an_arm_at_the_edge_of_the_picture_is_not_the_spine(side):
    """An arm that hangs down has its shaft in few columns from top to bottom, more bone there than a spine shows."""
    study, truth = draw(Chest())
    values = np.array(study.ct.values)
    _, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING)], indexing="ij")
    arm = (x - side * 160) ** 2 + y**2
    values[arm <= 40**2] = np.maximum(values[arm <= 40**2], 40)
    values[arm <= 16**2] = 1200
    values[(values > 250) & (x**2 + (y - 75) ** 2 < 16**2)] = 200  # old: a thin shell, and marrow

    lungs = find_lungs(replace(study, ct=Volume(values, study.ct.grid, "HU")))

    assert dice(lungs.right, truth["right"]) >= GOOD and dice(lungs.left, truth["left"]) >= GOOD


def test_one_lung_between_arms_that_the_field_cuts_stays_on_its_side():
    """The right arm's shaft is nearer to the right lung than the spine is far from it, and no outline tells the middle."""
    study, truth = draw(Chest(left_lung=False))
    values = np.array(study.ct.values)
    _, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING)], indexing="ij")
    for side in (-1, 1):
        arm = (x - side * 165) ** 2 + y**2
        values[arm <= 45**2] = np.maximum(values[arm <= 45**2], 40)
        values[arm <= 16**2] = 1200
    values[(values > 250) & (x**2 + (y - 75) ** 2 < 16**2)] = 200

    lungs = find_lungs(replace(study, ct=Volume(values, study.ct.grid, "HU")))

    assert dice(lungs.right, truth["right"]) >= GOOD and not lungs.left.any()


def nothing(kind: str) -> np.ndarray:
    z, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING)], indexing="ij")
    generator = np.random.default_rng(5)
    if kind == "noise":
        return generator.normal(-300, 500, SHAPE)
    if kind == "pelvis":
        hu = np.where((x / 165) ** 2 + (y / 110) ** 2 <= 1, 40.0, -1000.0)
        hu[((abs(x) - 90) ** 2 + y**2 <= 35**2) & (z < 60)] = 500
        hu[((x - 30) ** 2 + (y + 20) ** 2 + (z / 2) ** 2) <= 30**2] = -950  # gas
        stool = (x + 40) ** 2 + (y - 30) ** 2 + (z / 2) ** 2 <= 32**2
        hu[stool] = generator.choice([-700.0, -300.0, 0.0], np.count_nonzero(stool))
        return hu + generator.normal(0, 15, SHAPE)
    if kind == "water phantom":
        return np.where((x / 100) ** 2 + (y / 100) ** 2 <= 1, 0.0, -1000.0) + generator.normal(0, 10, SHAPE)
    return np.full(SHAPE, float(kind))


@pytest.mark.parametrize("kind", ["noise", "pelvis", "water phantom", "-1024", "-850", "3071"])
def test_what_is_no_chest_has_no_lungs(kind):
    lungs = find_lungs(study_of(nothing(kind), Grid(SHAPE, SPACING)))

    assert lungs.p_thorax < 0.5
    assert not any(getattr(lungs, name).any() for name in ("right", "left", "airway", "hull"))


def test_a_heart_that_lungs_surround_in_every_slice_is_not_a_hole_in_them():
    study, _ = draw(Chest(junction=True))
    z, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING)], indexing="ij")
    values = study.ct.values.copy()
    behind = (abs(x) < 25) & (abs(y - 22) < 8) & (z < 0) & (z > -70)
    before = (abs(x) < 25) & (abs(y + 82) < 5) & (z < 0) & (z > -70)
    values[behind | before] = -850
    heart = ((x - 25) / 50) ** 2 + ((y + 30) / 40) ** 2 + ((z + 40) / 35) ** 2 <= 1.0

    lungs = find_lungs(replace(study, ct=Volume(values, study.ct.grid, "HU")))

    assert both(lungs)[heart & (values > -300)].mean() < 0.02, "the heart was filled as if it were a vessel"


@pytest.mark.parametrize("end", [0, -1])
def test_the_last_slice_of_a_cut_lung_is_drawn_as_well_as_the_others(plain, end):
    study, truth, _ = plain
    part, part_truth = upper_part(study, truth, 24, 54)

    lungs = find_lungs(part)

    # closing must go on beyond the ends of the scan: without that it rounds the cut face off
    assert dice(both(lungs)[end], (part_truth["right"] | part_truth["left"])[end]) >= 0.95


def test_gas_larger_than_either_lung_is_not_taken_for_one():
    study, truth = draw(Chest())
    z, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(SHAPE, SPACING)], indexing="ij")
    values = study.ct.values.copy()
    belly, gas = truth["body"] & (z < -96), (abs(x) < 110) & (abs(y) < 70) & (z < -104)
    values[belly], values[gas] = 40, -985
    lung = (truth["right"] | truth["left"]) & ~belly
    part = replace(study, ct=Volume(values, study.ct.grid, "HU"))
    part, part_truth = upper_part(part, {"lung": lung, "gas": gas}, 0, 34)
    assert part_truth["gas"].sum() > part_truth["lung"].sum() / 2

    lungs = find_lungs(part)

    assert both(lungs)[part_truth["gas"]].mean() < 0.02
    assert both(lungs)[part_truth["lung"]].mean() > 0.9


def test_a_bubble_under_the_diaphragm_stays_out_of_thick_slices():
    shape, spacing = (61, 88, 128), (5.0, 3.0, 2.8)
    study, truth = draw(Chest(bowel=False), shape, spacing)
    z, y, x = np.meshgrid(*[(np.arange(n) - (n - 1) / 2) * s for n, s in zip(shape, spacing)], indexing="ij")
    values = study.ct.values.copy()
    bubble = ((x - 75) / 28) ** 2 + (y / 22) ** 2 + ((z + 93) / 18) ** 2 <= 1  # its roof is the lung's floor
    bubble &= ~truth["left"]
    values[bubble] = -985

    lungs = find_lungs(replace(study, ct=Volume(values, study.ct.grid, "HU")))

    assert both(lungs)[bubble].mean() < 0.1  # the uppermost of its slices may count as the lung's rim
    assert dice(both(lungs), truth["right"] | truth["left"]) >= 0.96


@pytest.mark.parametrize("threads", [1, 2])
def test_any_number_of_threads_gives_the_same_bits(plain, threads):
    study, _, lungs = plain
    all_threads = count_threads()

    set_threads(threads)
    try:
        again = find_lungs(study)
    finally:
        set_threads(all_threads)

    for name in MASKS:
        np.testing.assert_array_equal(getattr(again, name), getattr(lungs, name))


CHILD = """
import hashlib, sys
sys.path.insert(0, "tests")
from lungs.chests import Chest, draw
from lungstage.lungs import find_lungs
import lungstage.kernels, pkgutil, importlib
lungs = find_lungs(draw(Chest())[0])
compiled = 0
for module in pkgutil.iter_modules(lungstage.kernels.__path__):
    name = f"lungstage.kernels.{module.name}"
    if name in sys.modules:
        for kernel in vars(sys.modules[name]).values():
            compiled += sum(getattr(kernel, "stats").cache_misses.values()) if hasattr(kernel, "stats") else 0
digest = hashlib.sha256()
for name in ("right", "left", "airway", "hull", "body"):
    digest.update(getattr(lungs, name).tobytes())
print(compiled, digest.hexdigest())
"""


def test_a_second_process_compiles_nothing_and_four_threads_give_the_same_bits(plain):
    import hashlib
    import os

    if numba.config.DISABLE_JIT:
        pytest.skip("nothing is compiled")
    digest = hashlib.sha256()
    for name in MASKS:
        digest.update(getattr(plain[2], name).tobytes())

    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD], cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True,
        env=os.environ | {"NUMBA_NUM_THREADS": "4"},
    ).stdout.split()  # fmt: skip

    assert told[0] == "0", f"{told[0]} kernels were compiled again"
    assert told[1] == digest.hexdigest()


def test_the_lungs_take_no_more_than_three_bytes_a_voxel(plain):
    statm = Path("/proc/self/statm")
    if not statm.is_file():
        pytest.skip("nobody tells the resident memory here")
    study = plain[0]
    values = np.repeat(np.repeat(study.ct.values, 4, axis=1), 4, axis=2)
    large = replace(study, ct=Volume(values, Grid(values.shape, (SPACING[0], SPACING[1] / 4, SPACING[2] / 4)), "HU"))
    before, peak, done = int(statm.read_text().split()[1]), [0], threading.Event()

    def watch():
        while not done.wait(0.002):
            peak[0] = max(peak[0], int(statm.read_text().split()[1]))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        find_lungs(large)
    finally:
        done.set()
        watcher.join()

    assert (peak[0] - before) * 4096 <= 3.0 * values.size
