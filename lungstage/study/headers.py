"""A file in, the slices its DICOM header describes out; pixels are not read here.

One slice is one plane with its place in the patient: a classic file holds one, an enhanced (multi-frame) file many, whose
attributes lie in functional groups. `Tags` finds an attribute in whichever of these places it stands.
"""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from pydicom.errors import BytesLengthException, InvalidDicomError

from .sources import Source

CT_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.2": "CT",
    "1.2.840.10008.5.1.4.1.1.2.1": "enhanced CT",
    "1.2.840.10008.5.1.4.1.1.2.2": "legacy converted CT",
}
PET_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.128": "PET",
    "1.2.840.10008.5.1.4.1.1.130": "enhanced PET",
    "1.2.840.10008.5.1.4.1.1.128.1": "legacy converted PET",
}
DICOMDIR = "a DICOMDIR"
NOT_IMAGES = {
    "1.2.840.10008.5.1.4.1.1.66.4": "a segmentation; masks are used only when they are passed",
    "1.2.840.10008.5.1.4.1.1.66.7": "a label map; masks are used only when they are passed",
    "1.2.840.10008.5.1.4.1.1.481.3": "contours (RTSTRUCT); masks are used only when they are passed",
    "1.2.840.10008.5.1.4.1.1.481.2": "a dose distribution",
    "1.2.840.10008.5.1.4.1.1.481.5": "a treatment plan",
    "1.2.840.10008.5.1.4.1.1.67": "a mapping of values, without an image",
    "1.2.840.10008.5.1.4.1.1.66.1": "a registration, without an image",
    "1.2.840.10008.5.1.4.1.1.7": "a screen capture (secondary capture)",
    "1.2.840.10008.5.1.4.1.1.7.1": "a screen capture (secondary capture)",
    "1.2.840.10008.5.1.4.1.1.7.2": "a screen capture (secondary capture)",
    "1.2.840.10008.5.1.4.1.1.7.3": "a screen capture (secondary capture)",
    "1.2.840.10008.5.1.4.1.1.7.4": "a screen capture (secondary capture)",
    "1.2.840.10008.5.1.4.1.1.30": "a map of parameters",
    "1.2.840.10008.1.3.10": DICOMDIR,
}
WANTED = """
    SpecificCharacterSet ImageType SOPClassUID SOPInstanceUID StudyDate SeriesDate AcquisitionDate AcquisitionDateTime StudyTime
    SeriesTime AcquisitionTime Modality Manufacturer StudyDescription SeriesDescription PixelPresentation
    TimezoneOffsetFromUTC PatientName PatientID PatientBirthDate PatientSex PatientAge PatientSize PatientWeight
    ContrastBolusAgent SliceThickness ConvolutionKernel GantryDetectorTilt ProtocolName BodyPartExamined
    Radiopharmaceutical RadiopharmaceuticalStartTime RadiopharmaceuticalStartDateTime ActualFrameDuration
    AttenuationCorrected DecayCorrected DecayCorrectionDateTime
    StudyInstanceUID SeriesInstanceUID SeriesNumber AcquisitionNumber InstanceNumber ImagePositionPatient
    ImageOrientationPatient FrameOfReferenceUID TemporalPositionIdentifier TemporalPositionIndex
    SamplesPerPixel PhotometricInterpretation NumberOfFrames Rows Columns PixelSpacing BitsAllocated BitsStored HighBit
    PixelRepresentation PixelPaddingValue PixelPaddingRangeLimit RescaleIntercept RescaleSlope RescaleType
    NumberOfSlices Units CorrectedImage SUVType DecayCorrection AttenuationCorrectionMethod FrameReferenceTime DecayFactor
    RadiopharmaceuticalInformationSequence RealWorldValueMappingSequence MeasurementUnitsCodeSequence
    SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence
""".split()
PRIVATE_TAGS = [0x00090010, 0x0009100D, 0x70530010, 0x70531000, 0x70531009]
# what pydicom raises on bytes that are not what they claim to be
DICOM_TROUBLE = (
    OSError, EOFError, ValueError, KeyError, IndexError, AttributeError, TypeError, NotImplementedError, RuntimeError,
    OverflowError, struct.error, zlib.error, BadZipFile,
    BytesLengthException, InvalidDicomError,
)  # fmt: skip


@contextmanager
def quietly():
    """No warnings of pydicom and nibabel about values that break the standard: what matters of them is checked by us."""
    from pydicom import config

    before = config.settings.reading_validation_mode
    config.settings.reading_validation_mode = config.IGNORE
    loggers = [logging.getLogger(name) for name in ("pydicom", "nibabel.global")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        config.settings.reading_validation_mode = before
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)


class Tags:
    """DICOM attributes by keyword, from the first of several data sets that has a value: frame, shared, file."""

    def __init__(self, *datasets):
        self.datasets = datasets

    def get(self, keyword, default=None):
        """The value, or the default where it is absent, empty or cannot be decoded."""
        for dataset in self.datasets:
            try:
                value = dataset.get(keyword)
                value = getattr(value, "value", value) if isinstance(keyword, int) else value
            except DICOM_TROUBLE:
                continue
            if value is not None and not (hasattr(value, "__len__") and len(value) == 0):
                return value
        return default

    def text(self, keyword) -> str:
        """The value as text, several joined by a backslash; "" where absent."""
        value = self.get(keyword, "")
        joined = "\\".join(map(str, value)) if not isinstance(value, str) and hasattr(value, "__iter__") else str(value)
        if not joined.isprintable():  # what moves a terminal's cursor or turns the direction of reading is no text
            joined = "".join(letter if letter.isprintable() else " " for letter in joined)
        return " ".join(joined.split())

    def words(self, keyword) -> tuple[str, ...]:
        """The values of a code string in upper case."""
        return tuple(part.strip().upper() for part in self.text(keyword).split("\\") if part.strip())

    def number(self, keyword) -> float | None:
        """The (first) value as a finite number, or None."""
        numbers = self.numbers(keyword)
        return numbers[0] if numbers else None

    def numbers(self, keyword, count: int | None = None) -> tuple[float, ...] | None:
        """The values as finite numbers, or None where absent, not numbers or not `count` of them."""
        value = self.get(keyword)
        values = [value] if isinstance(value, str | int | float | bytes) or not hasattr(value, "__iter__") else list(value)
        try:
            numbers = tuple(float(number) for number in values)
        except (TypeError, ValueError):
            return None
        if not all(np.isfinite(numbers)) or (count is not None and len(numbers) != count):
            return None
        return numbers

    def items(self, keyword) -> list:
        """The items of a sequence, or []."""
        value = self.get(keyword)
        return list(value) if value is not None and not isinstance(value, str | bytes) and hasattr(value, "__iter__") else []


@dataclass(frozen=True, eq=False)
class Slice:
    """One plane of a CT or PET.

    source, frame      where its pixels are: file, and index in a multi-frame file (None in a classic one)
    tags               its attributes
    kind               "CT" or "PET"
    position_mm        LPS (3) of its first pixel, or None
    row, column        LPS unit vectors (3) along which column and row index grow, or None
    pixel_mm           distance of neighbouring rows, and of columns, or None
    rows, columns      its size
    pixels_at          byte at which the element of its pixels begins in the file, or None; syntax: their transfer syntax, or ""
    """

    source: Source
    frame: int | None
    tags: Tags
    kind: str
    position_mm: np.ndarray | None
    row: np.ndarray | None
    column: np.ndarray | None
    pixel_mm: tuple[float, float] | None
    rows: int
    columns: int
    pixels_at: int | None = None
    syntax: str = ""

    @property
    def number(self) -> int:
        """InstanceNumber, or the frame's number."""
        return self.frame + 1 if self.frame is not None else int(self.tags.number("InstanceNumber") or 0)

    @property
    def sop_instance_uid(self) -> str | None:
        """SOP Instance UID, as text."""
        return self.tags.text("SOPInstanceUID") or None


@dataclass(frozen=True, eq=False)
class Other:
    """A DICOM object that holds no slice of a CT or PET, and why it is not used."""

    source: Source
    tags: Tags
    why_not: str


def looks_like_dicom(start: bytes) -> bool:
    """Whether the first bytes of a file are DICOM: the preamble, or a data set without one."""
    return start[128:132] == b"DICM" or start[:2] in (b"\x08\x00", b"\x02\x00") and start[2:4] in (b"\x00\x00", b"\x01\x00",
        b"\x05\x00", b"\x08\x00", b"\x10\x00", b"\x16\x00", b"\x18\x00")  # fmt: skip


def read_header(source: Source):
    """(header as a pydicom data set, byte at which its pixels begin), or None where the file is not DICOM.

    Raises one of DICOM_TROUBLE if it is damaged.
    """
    from pydicom import dcmread

    with source.open() as file:
        start = file.read(132)
        if not looks_like_dicom(start):
            return None
        file.seek(0)
        forced = start[128:132] != b"DICM"
        return dcmread(file, stop_before_pixels=True, force=forced, specific_tags=wanted_tags()), file.tell()


@cache
def wanted_tags() -> list:
    """The tags of WANTED and PRIVATE_TAGS; pydicom would turn every word into its tag anew for each file."""
    from pydicom.tag import Tag

    return [*map(Tag, WANTED), *map(Tag, PRIVATE_TAGS)]


def read_dicomdir(path: Path) -> list[tuple[str, ...]]:
    """The file names, part by part, that a DICOMDIR lists."""
    from pydicom import dcmread

    listed = []
    directory = dcmread(path, force=True)
    if "DirectoryRecordSequence" not in directory:
        raise ValueError("it lists no files")
    for record in directory.DirectoryRecordSequence:
        name = record.get("ReferencedFileID")
        if name:
            listed.append((name,) if isinstance(name, str) else tuple(name))
    return listed


def sop_class_of(header, tags: Tags) -> str:
    """What kind of object a file holds, by its data set, else by its file meta information."""
    return tags.text("SOPClassUID") or Tags(getattr(header, "file_meta", {})).text("MediaStorageSOPClassUID")


def slices_of(source: Source, header, pixels_at: int | None = None) -> list[Slice] | Other:
    """The slices that a header describes, or the object it is instead; pixels_at: byte at which its pixels begin."""
    tags = Tags(header)
    sop_class = sop_class_of(header, tags)
    kind = "CT" if sop_class in CT_CLASSES else "PET" if sop_class in PET_CLASSES else None
    if kind is None and not sop_class and tags.get("ImagePositionPatient") is not None:
        kind = {"CT": "CT", "PT": "PET"}.get(tags.text("Modality").upper())  # anonymised beyond the standard
    if kind is None:
        modality = tags.text("Modality") or "unknown modality"
        return Other(source, tags, NOT_IMAGES.get(sop_class, f"neither a CT nor a PET image ({modality})"))
    if not tags.number("Rows") or not tags.number("Columns"):
        return Other(source, tags, "a header without Rows and Columns, so without an image")
    if not tags.items("PerFrameFunctionalGroupsSequence"):
        if (tags.number("NumberOfFrames") or 1) > 1:
            return Other(source, tags, "several frames without a place for each of them")
        syntax = Tags(getattr(header, "file_meta", {})).text("TransferSyntaxUID")
        return [replace(slice_at(source, None, tags, kind), pixels_at=pixels_at, syntax=syntax)]
    shared = [flat(item) for item in tags.items("SharedFunctionalGroupsSequence")[:1]]
    frames = tags.items("PerFrameFunctionalGroupsSequence")
    return [slice_at(source, index, Tags(flat(item), *shared, header), kind) for index, item in enumerate(frames)]


def flat(groups):
    """The attributes of all functional groups of a frame as one data set."""
    from pydicom import Dataset

    merged = Dataset()
    for group in groups:
        if group.VR == "SQ" and len(group.value):
            merged.update(group.value[0])
    merged.update({element.tag: element for element in groups if element.keyword == "RealWorldValueMappingSequence"})
    return merged


def slice_at(source: Source, frame: int | None, tags: Tags, kind: str) -> Slice:
    """One slice, with as much of its geometry as the header gives."""
    position = tags.numbers("ImagePositionPatient", 3)
    orientation = tags.numbers("ImageOrientationPatient", 6)
    row, column = (None, None) if orientation is None else unit_vectors(np.array(orientation))
    pixel_mm = tags.numbers("PixelSpacing", 2)
    return Slice(
        source, frame, tags, kind, None if position is None else np.array(position), row, column, pixel_mm,
        int(tags.number("Rows")), int(tags.number("Columns")),
    )  # fmt: skip


def unit_vectors(orientation: np.ndarray) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    """Row and column direction made exactly perpendicular and of length 1; None where they are not nearly so."""
    row, column = orientation[:3], orientation[3:]
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if not all(0.95 < length < 1.05 for length in lengths) or abs(row @ column) > 0.02:
        return None, None
    row = row / lengths[0]
    column = column - (column @ row) * row
    return row, column / np.linalg.norm(column)
