"""Scans damaged deep inside: nested sequences, functional groups, VRs and lengths of elements, fields of NIfTI, NRRD and MHD.

Ten thousand at once:   PYTHONPATH=tests python -m study.deep_mutants 10000 [first seed]
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import tempfile
import zlib
from pathlib import Path

import nibabel
import numpy as np
import SimpleITK
from pydicom import DataElement, Dataset, dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.sequence import Sequence
from study import mutants
from study.scans import chest, compress, ct_series, enhanced_ct, legacy_converted, pet_series

VRS = [b"AE", b"CS", b"DS", b"IS", b"LO", b"OB", b"OW", b"SQ", b"SS", b"UI", b"UL", b"UN", b"US", b"UT", b"FD", b"TM"]
LENGTHS = [0, 1, 2, 3, 5, 255, 4095, 65535]
WHOLE = [0, 1, 2, 3, 7, 255, 4096, 32767, 65535]
FLOATS = [0.0, -0.0, -1.0, 1e-30, 1e30, float("nan"), float("inf"), 0.5, 10.0, 1e4]
ADDED = ["RescaleSlope", "RescaleIntercept", "RealWorldValueSlope", "PixelPaddingValue", "PixelSpacing", "ImagePositionPatient",
         "ImageOrientationPatient", "NumberOfFrames", "Rows", "Columns", "RadionuclideHalfLife", "DecayFactor",
         "RadiopharmaceuticalStartDateTime", "FrameAcquisitionDateTime", "TimezoneOffsetFromUTC", "InstanceNumber"]  # fmt: skip
# offset, format and count of what a NIfTI-1 header holds of geometry, type and scale
NIFTI = {
    "dim": (40, "h", 8), "datatype": (70, "h", 1), "bitpix": (72, "h", 1), "pixdim": (76, "f", 8), "vox_offset": (108, "f", 1),
    "scl": (112, "f", 2), "units": (123, "b", 1), "codes": (252, "h", 2), "quaternion": (256, "f", 6), "srow": (280, "f", 12),
    "magic": (344, "b", 4), "sizeof": (0, "i", 1),
}  # fmt: skip


def scans() -> dict[str, list[bytes]]:
    """The scans that are damaged: the name of their files with the ending, to the bytes of each."""
    small = chest((4, 22, 26))
    pet = pet_series(np.full((4, 8, 9), 2000.0))
    packed = {syntax: ct_series(small) for syntax in ("JPEG-LS", "RLE", "JPEG lossless")}
    packed["JPEG 2000"] = ct_series(chest((3, 40, 44)))  # smaller ones its encoder does not take
    for syntax, series in packed.items():
        for ds in series:
            compress(ds, syntax)
    made = {
        "ct.dcm": ct_series(small), "pet.dcm": pet, "enhanced.dcm": [enhanced_ct(small)], "both.dcm": [*ct_series(small), *pet],
        "legacy.dcm": [legacy_converted(ct_series(small))], "legacy-pet.dcm": [legacy_converted(pet)],
        **{f"{syntax}.dcm": series for syntax, series in packed.items()},
    }  # fmt: skip
    held = {name: [written(ds) for ds in series] for name, series in made.items()}
    affine = np.diag([-0.7, -0.8, 2.5, 1])
    nifti = nibabel.Nifti1Image(small.T, affine)
    nifti.set_sform(affine, 1)
    nifti.set_qform(affine, 1)
    held |= {"a.nii": [nifti.to_bytes()], "b.nii.gz": [gzip.compress(nifti.to_bytes(), 1, mtime=0)]}
    for ending in ("nrrd", "mha"):
        held[f"c.{ending}"] = [by_itk(small, ending)]
    return held


def written(ds: Dataset) -> bytes:
    """A data set as the bytes of its file."""
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def by_itk(values: np.ndarray, ending: str) -> bytes:
    """A volume as the bytes of a NRRD or MetaImage file."""
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing((0.7, 0.8, 2.5))
    with tempfile.TemporaryDirectory() as folder:
        SimpleITK.WriteImage(image, f"{folder}/c.{ending}")
        return Path(folder, f"c.{ending}").read_bytes()


def mutant(seed: int, held: dict[str, list[bytes]], folder: Path) -> str:
    """Write the scan of a seed into an empty folder; returns which it is."""
    rng = np.random.default_rng([7, seed])
    name = sorted(held)[rng.integers(len(held))]
    files = list(held[name])
    victims = range(len(files)) if rng.random() < 0.4 else [int(rng.integers(len(files)))]
    state = int(rng.integers(2**32))
    for k in victims:  # the same damage to each of them, or to one alone
        own = np.random.default_rng(state)
        for _ in range(own.integers(1, 4)):
            files[k] = damaged(own, name, files[k])
    for k, content in enumerate(files):
        (folder / f"{k}-{name}").write_bytes(content)
    return name


def damaged(rng, name: str, whole: bytes) -> bytes:
    """One file with one more thing wrong with it."""
    if name.endswith(".dcm"):
        ways = [nested, nested, nested, nested, relabelled, relabelled, mutants.flip, mutants.cut]
        return ways[rng.integers(len(ways))](rng, whole)
    if name.endswith(".gz"):
        if rng.random() < 0.2:
            return mutants.flip(rng, whole)
        try:
            return gzip.compress(nifti_field(rng, gzip.decompress(whole)), 1, mtime=0)
        except (OSError, EOFError, zlib.error):  # damaged before
            return whole
    if rng.random() < 0.15:
        return mutants.cut(rng, whole)
    return nifti_field(rng, whole) if name.endswith(".nii") else text_field(rng, whole)


def nested(rng, whole: bytes) -> bytes:
    """A DICOM file in which one data set, however deep, lost, doubled, emptied or changed an element."""
    try:
        ds = dcmread(io.BytesIO(whole), force=True)
        inside = list(below(ds))
        target = inside[rng.integers(len(inside))]
        elements = [element for element in target if element.keyword and element.keyword != "PixelData"]
        if not elements or rng.random() < 0.2:
            keyword = ADDED[rng.integers(len(ADDED))]
            target.add(DataElement(tag_for_keyword(keyword), dictionary_VR(keyword).split(" or ")[0], odd(rng, 1)))
        else:
            spoil(rng, target, elements[rng.integers(len(elements))])
        return written_anyhow(ds)
    except Exception:  # what pydicom itself cannot write is no file that anybody has
        return whole


def written_anyhow(ds: Dataset) -> bytes:
    """As bytes, whatever the standard says."""
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=False)
    return file.getvalue()


def below(ds: Dataset):
    """A data set and every one inside it."""
    yield ds
    for element in ds:
        if element.VR == "SQ":
            for inner in element.value:
                yield from below(inner)


def spoil(rng, target: Dataset, element: DataElement) -> None:
    """One element of a data set made wrong."""
    if element.VR == "SQ":
        items = list(element.value)
        way = rng.integers(5)
        changed = [[], items[:-1], items + items[-1:], items[::-1], [Dataset(), *items[1:]]][way]
        target[element.tag] = DataElement(element.tag, "SQ", Sequence(changed))
    elif rng.random() < 0.25:
        del target[element.tag]
    elif element.VR in ("US", "SS", "UL", "SL"):
        target[element.tag] = DataElement(element.tag, element.VR, WHOLE[rng.integers(len(WHOLE))] % 32768)
    elif element.VM > 1 and rng.random() < 0.7:
        values = [str(value) for value in element.value]
        values[rng.integers(len(values))] = odd(rng, 1)
        target[element.tag] = DataElement(element.tag, "LO" if rng.random() < 0.1 else element.VR, "\\".join(values))
    else:
        count = max(1, element.VM + int(rng.integers(-1, 2)))
        target[element.tag] = DataElement(element.tag, "LO" if rng.random() < 0.2 else element.VR, odd(rng, count))


def odd(rng, count: int) -> str:
    """One or more values that a header should not hold, or that are small changes of what it could."""
    pool = [*mutants.NUMBERS, *mutants.TEXTS, *(f"{rng.normal(0, 10.0 ** rng.integers(-4, 7)):.6g}" for _ in range(12))]
    return "\\".join(pool[rng.integers(len(pool))] for _ in range(count))


def relabelled(rng, whole: bytes) -> bytes:
    """A DICOM file in which the VR or the length of one element is another; the bytes after it stay."""
    places = [found.start() for found in re.finditer(b"[\x00-\x7f]{4}(?:" + b"|".join(VRS) + b")", whole[132:6000])]
    if not places:
        return whole
    at = 132 + places[rng.integers(len(places))] + 4
    changed = bytearray(whole)
    if rng.random() < 0.5:
        changed[at : at + 2] = VRS[rng.integers(len(VRS))]
    else:
        changed[at + 2 : at + 4] = struct.pack("<H", LENGTHS[rng.integers(len(LENGTHS))])
    return bytes(changed)


def nifti_field(rng, whole: bytes) -> bytes:
    """A NIfTI with one number of its header changed."""
    offset, kind, count = NIFTI[sorted(NIFTI)[rng.integers(len(NIFTI))]]
    at = offset + struct.calcsize(kind) * int(rng.integers(count))
    if len(whole) < at + 8:
        return whole
    changed = bytearray(whole)
    if kind == "f":
        value = FLOATS[rng.integers(len(FLOATS))] if rng.random() < 0.6 else float(rng.normal(0, 10.0 ** rng.integers(-2, 3)))
    else:
        value = int(rng.integers(-128, 128)) if kind == "b" else int(rng.choice([*WHOLE[:-1], -1, -32768, 1024, 64, 16, 768]))
    struct.pack_into(f"<{kind}", changed, at, value)
    return bytes(changed)


def text_field(rng, whole: bytes) -> bytes:
    """A NRRD or MetaImage with one line of its header, or one word of it, lost, doubled or changed."""
    end = whole.find(b"\n\n") if whole.startswith(b"NRRD") else whole.find(b"LOCAL")
    lines = whole[: max(end, 0)].split(b"\n")
    number = int(rng.integers(len(lines)))
    words = re.split(rb"([ ,()]+)", lines[number])
    way = rng.integers(5)
    if way == 0:
        del lines[number]
    elif way == 1:
        lines.insert(number, lines[number])
    else:
        words[2 * int(rng.integers((len(words) + 1) // 2))] = odd(rng, 1).encode("latin-1")
        lines[number] = b"".join(words)
    return b"\n".join(lines) + whole[max(end, 0) :]


if __name__ == "__main__":
    mutants.main(mutant, scans())
