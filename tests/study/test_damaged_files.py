"""Whatever bytes lie in a folder, the reader answers or says in one line what is wrong; it never breaks."""

import gzip
import zipfile

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from study.scans import chest, compress, ct_series, enhanced_ct, pet_series, save

from lungstage.errors import LungstageError
from lungstage.study import inspect, read_pet, read_study

FUZZ = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])


def outcome(read, path) -> str:
    """Either "read", "one line" (a LungstageError that names the place in one line), or what else came out of it."""
    try:
        read(path)
    except LungstageError as error:
        return "one line" if str(error).strip() and "\n" not in str(error) else f"not one line: {error}"
    except Exception as error:
        return f"a traceback: {type(error).__name__}: {error}"
    return "read"


def outcomes(path) -> set[str]:
    """What each reader makes of the path."""
    return {outcome(read, path) for read in (read_study, inspect, read_pet)}


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """Small files of every kind, a function from name to bytes."""
    folder = tmp_path_factory.mktemp("originals")
    small = chest((3, 40, 40))
    series = ct_series(small)
    for k, syntax in enumerate(("JPEG-LS", "JPEG 2000", "JPEG lossless")):
        compress(series[k], syntax)
    save(ct_series(small)[:1], folder, ["native.dcm"])
    save(series, folder, ["jls.dcm", "j2k.dcm", "jpeg.dcm"])
    save([enhanced_ct(small)], folder, ["enhanced.dcm"])
    save(pet_series(np.full((3, 8, 8), 2000.0))[:1], folder, ["pet.dcm"])
    nibabel.save(nibabel.Nifti1Image(small.T, np.diag([1.0, 1, 2, 1])), folder / "ct.nii")
    (folder / "ct.nii.gz").write_bytes(gzip.compress((folder / "ct.nii").read_bytes(), mtime=0))
    with zipfile.ZipFile(folder / "scan.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for k, ds in enumerate(ct_series(small)):
            save([ds], folder / "inside")
            archive.write(folder / "inside" / "000.dcm", f"{k}.dcm")
    return lambda name: (folder / name).read_bytes()


NAMES = ["native.dcm", "jls.dcm", "j2k.dcm", "jpeg.dcm", "enhanced.dcm", "pet.dcm", "ct.nii", "ct.nii.gz", "scan.zip"]


@FUZZ
@given(name=st.sampled_from(NAMES), share=st.floats(0, 1))
def test_a_truncated_file_is_never_a_traceback(tmp_path, originals, name, share):
    whole = originals(name)
    (tmp_path / name).write_bytes(whole[: int(share * len(whole))])

    assert outcomes(tmp_path / name) <= {"read", "one line"}


@FUZZ
@given(name=st.sampled_from(NAMES), places=st.lists(st.floats(0, 1), min_size=1, max_size=8), value=st.integers(0, 255))
def test_changed_bytes_are_never_a_traceback(tmp_path, originals, name, places, value):
    changed = bytearray(originals(name))
    for place in places:
        changed[int(place * (min(len(changed), 1500) - 1))] = value  # most of the meaning stands at the beginning
    (tmp_path / name).write_bytes(bytes(changed))

    assert outcomes(tmp_path / name) <= {"read", "one line"}


@FUZZ
@given(name=st.sampled_from(["a.dcm", "b.nii", "c.nrrd", "d.mhd", "e.zip", "DICOMDIR", "noname"]), junk=st.binary(max_size=400),
       dicom=st.booleans())  # fmt: skip
def test_noise_is_never_a_traceback(tmp_path, name, junk, dicom):
    (tmp_path / name).write_bytes(b"\0" * 128 * dicom + b"DICM" * dicom + junk)

    assert outcomes(tmp_path / name) <= {"read", "one line"}


def test_whole_files_are_read_so_that_the_damage_is_what_is_refused(tmp_path, originals):
    for name in ("enhanced.dcm", "ct.nii", "ct.nii.gz", "scan.zip"):
        (tmp_path / name).write_bytes(originals(name))
        assert outcome(read_study, tmp_path / name) == "read", name


def test_the_check_itself_sees_a_traceback(tmp_path):
    def broken(path):
        raise ZeroDivisionError("a bug")

    assert outcome(broken, tmp_path) == "a traceback: ZeroDivisionError: a bug"
