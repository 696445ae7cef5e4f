"""Scans whose headers were damaged in one of many ways, by a seed; and what must be true of whatever is read of them.

Ten thousand at once:   PYTHONPATH=tests python -m study.mutants 10000 [first seed]
"""

from __future__ import annotations

import io
import struct
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import nibabel
import numpy as np
from pydicom import DataElement, config, dcmread
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.tag import Tag
from study.scans import chest, ct_series, enhanced_ct, pet_series

from lungstage.errors import LungstageError
from lungstage.study import Wishes, load_study_parameters, read_pet, read_study

SLOWEST_S = 10.0
SMALL = Wishes(max_ram_gb=4.0)  # a header that claims gigabytes is refused, not tried
NUMBERS = "0|-0|-1|1|0.0001|1e30|-1e30|nan|inf|-inf|99999999999|1e-300|3.3.3|abc||½".split("|")
TEXTS = [
    "", " ", "\\", "X" * 300, "1\\2\\3\\4", "ORIGINAL\\PRIMARY\\LOCALIZER", "HU", "\0", "../../etc", "<b>", "20209999", "250000",
]  # fmt: skip
SHAPES = {"ImagePositionPatient": 3, "ImageOrientationPatient": 6, "PixelSpacing": 2}
KEYWORDS = [
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns", "BitsAllocated", "BitsStored",
    "HighBit", "PixelRepresentation", "SamplesPerPixel", "PhotometricInterpretation", "RescaleSlope", "RescaleIntercept",
    "RescaleType", "PixelPaddingValue", "NumberOfFrames", "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID",
    "StudyInstanceUID",
    "FrameOfReferenceUID", "Modality", "PatientID", "InstanceNumber", "ImageType", "ConvolutionKernel", "SliceThickness",
    "AcquisitionNumber", "StudyDate", "SeriesTime", "AcquisitionTime", "AcquisitionDate", "PatientWeight", "PatientSize",
    "PatientAge", "Units", "DecayCorrection", "CorrectedImage", "RadiopharmaceuticalInformationSequence", "PatientBirthDate",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "SpecificCharacterSet", "TimezoneOffsetFromUTC",
]  # fmt: skip
WHOLE = {"US": 2**16, "SS": 2**15, "IS": 2**31}


def scans() -> dict[str, list[bytes]]:
    """The scans that are damaged: name to the bytes of their files."""
    small = chest((4, 22, 26))
    made = {"ct": ct_series(small), "pet": pet_series(np.full((4, 8, 9), 2000.0)), "enhanced": [enhanced_ct(small)]}
    held = {}
    for name, series in made.items():
        held[name] = []
        for ds in series:
            file = io.BytesIO()
            ds.save_as(file, enforce_file_format=True)
            held[name].append(file.getvalue())
    nifti = nibabel.Nifti1Image(small.T, np.diag([-0.7, -0.8, 2.5, 1]))
    return {**held, "nifti": [nifti.to_bytes()]}


def damage(rng: np.random.Generator, name: str, whole: bytes) -> bytes:
    """One file with one to three things wrong with it."""
    ways = [cut, flip] if name == "nifti" else [cut, flip, change, change, change, change]
    for _ in range(rng.integers(1, 4)):
        way = ways[rng.integers(len(ways))]
        whole = way(rng, whole)
    return whole


def cut(rng, whole: bytes) -> bytes:
    """The beginning of a file."""
    return whole[: int(rng.integers(0, len(whole) + 1))]


def flip(rng, whole: bytes) -> bytes:
    """A file with some bytes of its header changed."""
    changed = bytearray(whole)
    for _ in range(rng.integers(1, 6)):
        if changed:
            changed[rng.integers(min(len(changed), 1600))] = rng.integers(256)
    return bytes(changed)


def change(rng, whole: bytes) -> bytes:
    """A DICOM file with one attribute removed, or with a value it should not have."""
    try:
        ds = dcmread(io.BytesIO(whole), force=True)
        targets = [ds, *ds.get("RadiopharmaceuticalInformationSequence", [])]
        target = targets[rng.integers(len(targets))]
        keyword = KEYWORDS[rng.integers(len(KEYWORDS))] if target is ds else list(target.dir())[rng.integers(len(target.dir()))]
        if keyword in target and rng.random() < 0.25:
            del target[keyword]
        else:
            target[keyword] = odd_element(rng, target, keyword)
        file = io.BytesIO()
        ds.save_as(file, enforce_file_format=False)
        return file.getvalue()
    except Exception:  # what pydicom itself cannot write is no file that anybody has
        return whole


def odd_element(rng, ds, keyword: str) -> DataElement:
    """An element with a value that breaks the standard or common sense; sometimes of another VR."""
    vr = ds[keyword].VR if keyword in ds else "LO"
    pool = NUMBERS if rng.random() < 0.7 else TEXTS
    values = [pool[rng.integers(len(pool))] for _ in range(SHAPES.get(keyword, 1) + (rng.random() < 0.1))]
    if keyword in SHAPES and rng.random() < 0.6 and keyword in ds:  # one of the true numbers changed
        true = [str(value) for value in ds[keyword].value]
        true[rng.integers(len(true))] = str(rng.normal(0, 10.0 ** rng.integers(-3, 6)))[:16]
        values = true
    if vr in WHOLE:
        return DataElement(Tag(keyword), vr, int(rng.integers(0, WHOLE[vr])) if rng.random() < 0.5 else int(rng.integers(0, 4)))
    return DataElement(Tag(keyword), "LO" if vr == "SQ" or rng.random() < 0.3 else vr, "\\".join(values))


def mutant(seed: int, held: dict[str, list[bytes]], folder: Path) -> str:
    """Write the scan of a seed into an empty folder; returns which it is."""
    rng = np.random.default_rng(seed)
    name = sorted(held)[rng.integers(len(held))]
    files = list(held[name])
    victims = range(len(files)) if rng.random() < 0.3 else [int(rng.integers(len(files)))]
    state = int(rng.integers(2**32))
    for k in victims:  # the same damage to each of them, or to one alone
        files[k] = damage(np.random.default_rng(state), name, files[k])
    for k, content in enumerate(files):
        (folder / ("ct.nii" if name == "nifti" else f"{k}.dcm")).write_bytes(content)
    return name


def complaint(folder: Path, name: str) -> str:
    """What is wrong with how a folder was read; "" where it was read right or refused in one line."""
    start = time.process_time()  # not of the clock: other programs may hold the machine
    try:
        image = read_pet(folder, wishes=SMALL) if "pet" in name else read_study(folder, wishes=SMALL)
    except LungstageError as error:
        text = str(error)
        if not text.strip() or "\n" in text:
            return f"not one line: {text!r}"
        image = None
    except Exception as error:
        return f"a traceback: {type(error).__name__}: {error}"
    seconds = time.process_time() - start
    if seconds > SLOWEST_S:
        return f"took {seconds:.0f} s"
    return "" if image is None else impossible(image, name, folder)


def impossible(image, name: str, folder: Path) -> str:
    """What in an accepted image cannot be true, or contradicts the positions that its own files state."""
    numbers = load_study_parameters()
    volume = image if "pet" in name else image.ct
    axes = volume.grid.axes
    if not np.allclose(axes.T @ axes, np.eye(3), atol=1e-6) or np.linalg.det(axes) < 0:
        return f"axes {axes.tolist()}"
    if not numbers.step_mm[0] * 0.9 <= min(volume.grid.spacing_mm) <= max(volume.grid.spacing_mm) <= 20.0:
        return f"spacing {volume.grid.spacing_mm}"
    if np.abs(volume.grid.origin_mm).max() > 2e5 or min(volume.grid.shape) < 1:
        return f"origin {volume.grid.origin_mm}, shape {volume.grid.shape}"
    if not np.isfinite(volume.values).all():
        return "values that are not finite"
    if name != "ct" or image.stored.axes[0] != 0 or {"uneven_steps", "gantry_tilt"} & {n.code for n in image.passport.notes}:
        return ""
    return displaced(image, folder)


# what pydicom raises for headers and files damaged at random
UNREADABLE = (
    AttributeError, ValueError, TypeError, LookupError, OSError, EOFError, NotImplementedError, ArithmeticError, struct.error,
    BytesLengthException, InvalidDicomError,
)  # fmt: skip


def displaced(study, folder: Path) -> str:
    """Which slice does not lie where its own file says; "" where all do."""
    height, often = {}, Counter(label.sop_instance_uid for label in study.slices)
    normal = study.ct.grid.axes[:, 2]
    for path in folder.iterdir():
        try:
            ds = dcmread(path, force=True)
            height[str(ds.SOPInstanceUID)] = float(np.array(ds.ImagePositionPatient, float) @ normal)
        except UNREADABLE:  # a file that nobody can read states no position
            continue
    for k, label in enumerate(study.slices):
        stated = height.get(str(label.sop_instance_uid))
        here = float(study.ct.grid.to_mm((k, 0, 0)) @ normal)
        if (
            stated is not None
            and often[label.sop_instance_uid] == 1
            and abs(stated - here) > 0.1 * study.ct.grid.spacing_mm[0] + 0.2
        ):
            return f"slice {label.number} lies at {here:.2f} mm, its file says {stated:.2f}"
    return ""


def run(count: int, first: int = 0, held: dict[str, list[bytes]] | None = None, make=mutant) -> list[tuple[int, str]]:
    """(seed, complaint) of every scan that was not read as it should; make: writes the scan of a seed, as `mutant` does."""
    held, found = held or scans(), []
    before = config.settings.reading_validation_mode, config.settings.writing_validation_mode
    config.settings.reading_validation_mode = config.settings.writing_validation_mode = config.IGNORE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for seed in range(first, first + count):
                with tempfile.TemporaryDirectory() as folder:
                    name = make(seed, held, Path(folder))
                    wrong = complaint(Path(folder), name)
                    if wrong:
                        found.append((seed, f"{name}: {wrong}"))
                        print(*found[-1], flush=True)
    finally:
        config.settings.reading_validation_mode, config.settings.writing_validation_mode = before
    return found


def main(make=mutant, held: dict[str, list[bytes]] | None = None) -> None:
    """As many scans as the command line says, from the seed that it says."""
    count, first = int(sys.argv[1]) if sys.argv[1:] else 10000, int(sys.argv[2]) if sys.argv[2:] else 0
    begun = time.process_time()
    failures = run(count, first, held, make)
    seconds = time.process_time() - begun
    print(f"{count} damaged scans in {seconds:.0f} s, {len(failures)} not read as they should")


if __name__ == "__main__":
    main()
