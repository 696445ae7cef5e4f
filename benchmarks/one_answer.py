"""One synthetic patient stored in every way in, how much his staging.json differs out: `python -m benchmarks.one_answer`.

All 48 orders and directions of the axes as NIfTI; as DICOM axial, coronal and sagittal, shuffled, duplicated and zipped: no
voxel is resampled, and the answer must be the same. With a tilted gantry values lie between voxels; what that alone costs is
told by the same patient moved by half a voxel, and what it costs that blocks begin elsewhere by one row and column cut off.
Results stay in WORK, so that a run that was stopped goes on where it was; the table goes to
benchmarks/results/one-answer.csv.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread

import lungstage
from lungstage.geometry import Grid
from lungstage.phantom.parameters import shipped_parameters
from lungstage.records import Volume

RESULTS = Path(__file__).parent / "results" / "one-answer.csv"
WORK = Path("one-answer")
SEED, TNM = 11, {"t": "T2a", "n": "N2a", "m": "M0"}
COARSE_MM, FINE_MM = (4.0, 5.0), (2.0, 3.0)  # pixel and slice where nothing is resampled, and where it is
FIELD_MM = 504.0
PLANES = {"axial": ((1, 0, 0), (0, 1, 0)), "coronal": ((1, 0, 0), (0, 0, -1)), "sagittal": ((0, 1, 0), (0, 0, -1))}
TILTS_DEG = (-15.0, 10.0, 20.0)
SCANNED_MM = (-420.0, 40.0)  # height of the middle of the slices that a tilted gantry takes: lungs, liver and adrenals
SAME_P, CLOSE_P = 1e-6, 1e-2  # what probabilities may differ by, without and with resampling
P_WORDS = {"p_malignant", "p_invaded", "probability", "probability_tnm", "decides", "fat_plane_lost"}
P_TABLES = {"t", "n", "m", "stage", "role", "primary", "density", "region", "side", "station"}
OWN_WORDS = {"notes", "text"}  # what is said of the files themselves, such as copies of slices


@dataclass(frozen=True)
class Way:
    """One way to store the patient.

    write      fills a new folder, and returns the path to stage and the wishes that go with it
    beside     the name of the way with which the answer is compared, or "" for one that others are compared with
    displaced  whether its voxels, or the blocks made of them, lie elsewhere than those of that other
    """

    name: str
    write: Callable[[Path], tuple[Path, dict]]
    beside: str
    displaced: bool = False


def main() -> None:
    """Stage what is missing, then compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=WORK, help="answers (default: %(default)s)")
    parser.add_argument("--only", default="", help="stage only ways whose names hold this")
    arguments = parser.parse_args()
    everything = list(ways(arguments.work))
    for way in everything:
        if arguments.only in way.name and not answer_at(way.name, arguments.work).exists():
            stage_one(way, arguments.work)
    rows = [compared(way, arguments.work) for way in everything if way.beside and answer_at(way.name, arguments.work).exists()]
    if not arguments.only:
        with open(RESULTS, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    for row in rows:
        print(*row.values(), sep="\t")


def ways(work: Path) -> Iterator[Way]:
    """Every way; what others are compared with comes before them."""
    coarse, fine = work / "thorax", work / "body"
    yield Way("dicom axial", lambda folder: (copied(patient(coarse), folder), {}), "")
    for plane in ("coronal", "sagittal"):
        yield Way(f"dicom {plane}", lambda folder, plane=plane: (resliced(patient(coarse), folder, plane), {}), "dicom axial")
    for how in (shuffled, duplicated, zipped):
        yield Way(f"dicom {how.__name__}", lambda folder, how=how: (how(patient(coarse), folder), {}), "dicom axial")
    for order in permutations(range(3)):
        for flips in product((False, True), repeat=3):
            name = f"nifti {''.join(map(str, order))} {''.join('-' if flipped else '+' for flipped in flips)}"
            beside = "dicom axial" if name == "nifti 012 +++" else "nifti 012 +++"
            yield Way(name, lambda folder, order=order, flips=flips: niftis(patient(coarse), folder, order, flips), beside)
    yield Way("fine straight", lambda folder: (taken(patient(fine), folder, 0.0, 0.0), {}), "")
    yield Way("fine moved", lambda folder: (taken(patient(fine), folder, 0.0, 0.5), {}), "fine straight", True)
    yield Way("fine cut smaller", lambda folder: (cut_smaller(patient(fine), folder), {}), "fine straight", True)
    for tilt_deg in TILTS_DEG:
        name = f"fine tilted {tilt_deg:+g}"
        yield Way(
            name, lambda folder, tilt_deg=tilt_deg: (taken(patient(fine), folder, tilt_deg, 0.0), {}), "fine straight", True
        )


def patient(folder: Path) -> Path:
    """The DICOM folder of the patient, made once: called thorax on coarse voxels, called body on finer ones."""
    if not folder.exists():
        pixel_mm, slice_mm = COARSE_MM if folder.name == "thorax" else FINE_MM
        numbers = replace(
            shipped_parameters(), ct_matrix=round(FIELD_MM / pixel_mm), ct_pixel_mm=pixel_mm, ct_slice_mm=slice_mm,
            pet_voxel_mm=(8.0, 8.0, 6.0), field_step_mm=4.0,
        )  # fmt: skip
        lungstage.make_case(SEED, **TNM, parameters=numbers, coverage=folder.name).save(folder)
    return folder


# --- writing ---------------------------------------------------------------------------------------------------------


def copied(source: Path, folder: Path) -> Path:
    """CT and PET as they are."""
    for series in ("ct", "pet"):
        shutil.copytree(source / series, folder / series)
    return folder


def shuffled(source: Path, folder: Path) -> Path:
    """CT and PET in one folder, under names and with instance numbers that say nothing."""
    rng = np.random.default_rng(5)
    files = [*(source / "ct").iterdir(), *(source / "pet").iterdir()]
    for name, path in zip(rng.permutation(len(files)), sorted(files)):
        header = dcmread(path)
        header.InstanceNumber = int(rng.integers(1, 9))
        header.save_as(folder / f"{name:05d}")
    return folder


def duplicated(source: Path, folder: Path) -> Path:
    """Every third slice of CT and PET a second time, elsewhere."""
    copied(source, folder)
    (folder / "again").mkdir()
    for path in sorted((source / "ct").iterdir())[::3] + sorted((source / "pet").iterdir())[::3]:
        shutil.copy(path, folder / "again" / f"{path.parent.name}-{path.name}")
    return folder


def zipped(source: Path, folder: Path) -> Path:
    """CT and PET in a zip."""
    copied(source, folder / "whole")
    return Path(shutil.make_archive(str(folder / "scan"), "zip", folder / "whole"))


def ct_of(source: Path) -> tuple[np.ndarray, Grid, Dataset]:
    """(stored pixels (z, y, x), grid, first header) of the axial CT."""
    headers = sorted((dcmread(path) for path in (source / "ct").iterdir()), key=lambda one: one.ImagePositionPatient[2])
    values = np.stack([header.pixel_array for header in headers])
    first = headers[0]
    step = float(headers[1].ImagePositionPatient[2] - first.ImagePositionPatient[2])
    return (
        values,
        Grid(values.shape, (step, *map(float, first.PixelSpacing)), tuple(map(float, first.ImagePositionPatient))),
        first,
    )


def resliced(source: Path, folder: Path, plane: str) -> Path:
    """The CT as slices of another plane, each with its true place; the PET as it is."""
    shutil.copytree(source / "pet", folder / "pet")
    values, grid, header = ct_of(source)
    row, column = np.array(PLANES[plane], float)
    directions = np.cross(row, column), column, row
    axes = [2 - int(np.abs(direction).argmax()) for direction in directions]
    backwards = [axis for axis, direction in zip(axes, directions) if direction[2 - axis] < 0]
    first = [grid.shape[axis] - 1 if axis in backwards else 0 for axis in range(3)]
    planes = np.flip(values, backwards).transpose(axes)
    origin, step_mm = grid.to_mm(first), grid.spacing_mm[axes[0]]
    pixel_mm = [grid.spacing_mm[axis] for axis in axes[1:]]
    places = [origin + k * step_mm * directions[0] for k in range(len(planes))]
    save_ct(header, planes, places, (row, column), pixel_mm, folder / "ct")
    return folder


def taken(source: Path, folder: Path, tilt_deg: float, moved: float) -> Path:
    """The CT as a gantry tilted about the left-right axis takes it, linear between voxels; moved: by so many of each side."""
    from scipy import ndimage

    shutil.copytree(source / "pet", folder / "pet")
    values, grid, header = ct_of(source)
    angle = np.radians(tilt_deg)
    row, column = np.array([1.0, 0, 0]), np.array([0, np.cos(angle), np.sin(angle)])
    corner = np.array(grid.origin_mm) + moved * np.array(grid.spacing_mm[::-1])
    corner[2] += grid.spacing_mm[0] * np.round((SCANNED_MM[0] - corner[2]) / grid.spacing_mm[0])
    corner[2] -= 0.5 * grid.shape[1] * grid.spacing_mm[1] * np.sin(angle)  # so that the middle of each slice is as high as ever
    places = [corner + [0, 0, height] for height in np.arange(0.0, SCANNED_MM[1] - SCANNED_MM[0], grid.spacing_mm[0])]
    j, i = np.meshgrid(np.arange(grid.shape[1]), np.arange(grid.shape[2]), indexing="ij")
    planes = []
    for place in places:
        points = place + j[..., None] * grid.spacing_mm[1] * column + i[..., None] * grid.spacing_mm[2] * row
        index = np.moveaxis(grid.to_index(points), -1, 0)
        planes.append(np.rint(ndimage.map_coordinates(values, index, np.float32, order=1, cval=float(values.min()))))
    save_ct(header, np.array(planes, np.uint16), places, (row, column), grid.spacing_mm[1:], folder / "ct")
    return folder


def cut_smaller(source: Path, folder: Path) -> Path:
    """The straight CT without its first row and column: every voxel that is left keeps its value and place."""
    taken(source, folder, 0.0, 0.0)
    for path in (folder / "ct").iterdir():
        header = dcmread(path)
        pixels, (row_mm, column_mm) = header.pixel_array[1:, 1:], map(float, header.PixelSpacing)
        x, y, z = map(float, header.ImagePositionPatient)
        header.ImagePositionPatient = [f"{side:.6f}" for side in (x + column_mm, y + row_mm, z)]
        header.Rows, header.Columns = pixels.shape
        header.PixelData = np.ascontiguousarray(pixels).tobytes()
        header.save_as(path)
    return folder


def save_ct(header: Dataset, planes: np.ndarray, places: list[np.ndarray], orientation, pixel_mm, folder: Path) -> None:
    """Stored pixels (slice, row, column) as files that say where each slice lies."""
    folder.mkdir(parents=True)
    header.ImageOrientationPatient = [f"{cosine:.10f}"[:16] for vector in orientation for cosine in vector]
    header.PixelSpacing = list(map(float, pixel_mm))
    header.Rows, header.Columns = planes.shape[1:]
    for k, (plane, place) in enumerate(zip(planes, places)):
        header.ImagePositionPatient = [f"{side:.6f}" for side in place]
        header.SOPInstanceUID = header.file_meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.10.543.77.{k + 1}"
        header.InstanceNumber, header.PixelData = k + 1, np.ascontiguousarray(plane, np.uint16).tobytes()
        header.save_as(folder / f"{k:04d}.dcm")


def niftis(source: Path, folder: Path, order: tuple[int, ...], flips: tuple[bool, ...]) -> tuple[Path, dict]:
    """CT and PET as NIfTI whose arrays and affines were turned together."""
    study = lungstage.read_study(source)
    for name, volume in (("ct", study.ct), ("pet", study.pet)):
        nifti(volume, order, flips).to_filename(folder / f"{name}.nii")
    return folder / "ct.nii", {"pet": folder / "pet.nii"}


def nifti(volume: Volume, order: tuple[int, ...], flips: tuple[bool, ...]):
    """A NIfTI of a volume with its axes in another order and direction, and the affine that says so."""
    import nibabel

    straight = nibabel.Nifti1Image(volume.values.transpose(2, 1, 0), np.diag([-1.0, -1, 1, 1]) @ volume.grid.affine_lps)
    return straight.as_reoriented(np.array([(axis, -1 if flipped else 1) for axis, flipped in zip(order, flips)], float))


# --- comparing -------------------------------------------------------------------------------------------------------


def answer_at(name: str, work: Path) -> Path:
    """Where the staging.json of one way stands."""
    return work / f"{name}.json"


def stage_one(way: Way, work: Path) -> None:
    """Store the patient in one way, and keep the answer alone."""
    folder = work / "stored"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path, wishes = way.write(folder)
    out = lungstage.stage(path, **wishes).save(work / "out", overwrite=True)
    shutil.copy(out / "staging.json", answer_at(way.name, work))
    shutil.rmtree(folder)
    print(way.name, flush=True)


def compared(way: Way, work: Path) -> dict:
    """Whether the answers of a way and of the one beside it are the same, and by how much they differ at most.

    Of a displaced way, whose lesions may be others, only what is said of the patient is compared.
    """
    one, other = (json.loads(answer_at(name, work).read_text()) for name in (way.beside, way.name))
    leaves = [dict(patient_leaves(said) if way.displaced else leaves_of(said)) for said in (one, other)]
    both = leaves[0].keys() & leaves[1].keys()
    numbers = [key for key in both if all(isinstance(said[key], float | int) for said in leaves)]
    apart = {key: abs(leaves[0][key] - leaves[1][key]) for key in numbers}
    probability = max((apart[key] for key in numbers if is_probability(key)), default=0.0)
    centre_mm = max((apart[key] for key in numbers if "centre_mm" in key), default=0.0)
    rest = [apart[key] / max(1.0, abs(leaves[0][key])) for key in numbers if not is_probability(key)]
    words = {key[0] for key in both - set(numbers) if leaves[0][key] != leaves[1][key]}
    words |= {key[0] for key in leaves[0].keys() ^ leaves[1].keys()}
    return {
        "way": way.name, "beside": way.beside,
        "same": "yes" if probability <= (CLOSE_P if way.displaced else SAME_P) and not words - OWN_WORDS else "no",
        "lesions": f"{len(one['lesions'])}/{len(other['lesions'])}",
        "stages": "/".join(said["editions"]["9"]["most_likely"]["stage"] for said in (one, other)),
        "largest_probability": f"{probability:.2g}", "largest_centre_mm": f"{centre_mm:.2g}",
        "largest_other_share": f"{max(rest, default=0.0):.2g}", "other_words_in": " ".join(sorted(words)),
    }  # fmt: skip


def patient_leaves(said: dict) -> Iterator[tuple[tuple, object]]:
    """The probabilities of T, N, M and stage in each edition."""
    for edition, answer in said["editions"].items():
        yield from leaves_of({table: answer[table] for table in ("t", "n", "m", "stage")}, ("editions", edition))


def is_probability(key: tuple) -> bool:
    """Whether a number of staging.json is a probability, by where it stands."""
    return key[-1] in P_WORDS or bool(set(key) & P_TABLES)


def leaves_of(said, key: tuple = ()) -> Iterator[tuple[tuple, object]]:
    """(where it stands, value) of everything in an answer, but which slice of the stored file a lesion lies in."""
    if isinstance(said, dict):
        for name, value in said.items():
            if name != "slice":
                yield from leaves_of(value, (*key, name))
    elif isinstance(said, list):
        for number, value in enumerate(said):
            yield from leaves_of(value, (*key, number))
    elif isinstance(said, str):
        yield key, re.sub(r"(, )?slice \d+", "", said)
    else:
        yield key, said


if __name__ == "__main__":
    main()
