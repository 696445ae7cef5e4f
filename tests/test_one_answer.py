"""The whole program, offline: one patient stored in other orders has the same answer, and no stage opens a socket."""

import json
import re
import socket
from dataclasses import replace

import nibabel
import numpy as np
import pytest

import lungstage
from lungstage.cli.main import main
from lungstage.phantom.parameters import shipped_parameters

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("whole")]
TURNS = [((2, 1, 0), (True, False, True)), ((1, 0, 2), (False, True, False))]


@pytest.fixture
def offline(monkeypatch):
    """Whoever opens a socket or asks for an address fails."""

    def refuse(*arguments, **keywords):
        raise AssertionError("the program talked to a network")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.fixture(scope="module")
def ct():
    """The CT of a phantom on 4 mm pixels and 5 mm slices."""
    parameters = replace(
        shipped_parameters(), ct_matrix=126, ct_pixel_mm=4.0, ct_slice_mm=5.0, pet_voxel_mm=(12.0, 12.0, 10.0),
        field_step_mm=4.0, arteries_per_lung=40, veins_per_lung=30,
    )  # fmt: skip
    return lungstage.make_case(11, t="T2a", n="N0", m="M0", parameters=parameters).study.ct


def stored(ct, order, flips, folder):
    """A NIfTI of the CT with its axes in another order and direction, and the affine that says so."""
    values = np.flip(ct.values.transpose(order), [axis for axis in range(3) if flips[axis]])
    affine = np.eye(4)
    for axis, (own, flipped) in enumerate(zip(order, flips)):
        step = ct.grid.affine_lps[:, 2 - own].copy()
        affine[:, 2 - axis] = -step if flipped else step
    first = [ct.grid.shape[own] - 1 if flipped else 0 for own, flipped in zip(order, flips)]
    affine[:3, 3] = ct.grid.to_mm([first[order.index(own)] for own in range(3)])
    nibabel.Nifti1Image(values.transpose(2, 1, 0), np.diag([-1.0, -1, 1, 1]) @ affine).to_filename(folder / "ct.nii")
    return folder


def by_command(folder, out):
    """The result folder that the command line writes."""
    assert main(["stage", str(folder), "-o", str(out), "--quiet"]) == 0
    return out


def answer(folder, out, stage=lambda folder, out: lungstage.stage(folder).save(out)):
    """staging.json without what only names slices of the stored file."""
    said = json.loads((stage(folder, out) / "staging.json").read_text())
    for lesion in said["lesions"]:
        del lesion["slice"]
    said["text"] = [re.sub(r"(, )?slice \d+", "", line) for line in said["text"]]
    return said


def test_the_answer_is_the_same_however_the_axes_are_stored_and_comes_without_a_network(ct, tmp_path, offline):
    folders = [tmp_path / str(number) for number in range(1 + len(TURNS))]
    for folder in folders:
        folder.mkdir()
    first = answer(stored(ct, (0, 1, 2), (False,) * 3, folders[0]), tmp_path / "out0")

    for number, (folder, (order, flips)) in enumerate(zip(folders[1:], TURNS), start=1):
        assert answer(stored(ct, order, flips, folder), tmp_path / f"out{number}", by_command) == first
    assert first["lesions"], "an empty answer would prove nothing"
