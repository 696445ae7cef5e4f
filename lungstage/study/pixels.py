"""Slices in, stored pixels out: native and compressed alike, file by file, in threads, without a copy of the whole.

Plain numbers and JPEG-LS are read without pydicom where nothing is odd about them (plain_pixels.py); else JPEG-LS, JPEG 2000
and RLE are decoded by the libraries of pydicom, the older JPEG processes by SimpleITK's GDCM.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from ..errors import UnreadableInput
from .headers import DICOM_TROUBLE, Slice
from .inventory import reason
from .jpeg_ls import check_whole
from .plain_pixels import JPEG_LS, plain_pixels
from .sources import Source

GDCM_ALONE = {
    "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",
}  # fmt: skip

PIXEL_KEYWORDS = """
    SOPClassUID SamplesPerPixel PhotometricInterpretation PlanarConfiguration NumberOfFrames Rows Columns BitsAllocated BitsStored
    HighBit PixelRepresentation PixelData ExtendedOffsetTable ExtendedOffsetTableLengths
""".split()


def threads() -> int:
    """How many slices are decoded at once."""
    return max(1, min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))


class PixelReader:
    """Gives the stored pixels of slices; keeps the last multi-frame files open so that their frames come one by one."""

    def __init__(self):
        self.lock = threading.Lock()
        self.frames: OrderedDict[Source, tuple[int, object]] = OrderedDict()

    def stored(self, piece: Slice) -> np.ndarray:
        """The stored pixels (rows, columns) of a slice; UnreadableInput, naming the file, where they cannot be decoded."""
        try:
            values = self.decoded(piece)
        except DICOM_TROUBLE as error:
            raise UnreadableInput(
                f"{piece.source.name}: its pixels cannot be read ({reason(error)}); copy or export the scan again"
            ) from error
        if values.shape != (piece.rows, piece.columns):
            raise UnreadableInput(
                f"{piece.source.name}: its pixels are {values.shape}, its header says {(piece.rows, piece.columns)}; "
                "copy or export the scan again"
            )
        return values

    def raw(self, piece: Slice) -> bytes:
        """The stored pixels as bytes, for comparison."""
        return self.stored(piece).tobytes()

    def decoded(self, piece: Slice) -> np.ndarray:
        """The pixels of one plane."""
        if piece.frame is None:
            values = plain_pixels(piece)
            if values is None:
                values = decode_file(piece.source, piece)
            return values[0] if values.ndim == 3 and len(values) == 1 else values
        with self.lock:
            return self.frame_of(piece)

    def frame_of(self, piece: Slice) -> np.ndarray:
        """One frame; frames asked for in rising order are decoded once each."""
        position, rest = self.frames.pop(piece.source, (piece.frame + 1, None))
        if position > piece.frame:
            rest, position = iter_frames(piece.source, piece), 0
        for values in rest:
            position += 1
            if position > piece.frame:
                self.frames[piece.source] = (position, rest)
                if len(self.frames) > 4:
                    self.frames.popitem(last=False)
                return values
        raise ValueError(f"frame {piece.frame + 1} is not in the file")


def decode_file(source: Source, piece: Slice) -> np.ndarray:
    """All pixels of a classic file, as stored."""
    from pydicom import dcmread
    from pydicom.pixels import pixel_array

    with source.open() as file:
        header = dcmread(file, force=True, specific_tags=pixel_tags())
    complete_meta(header)
    if "PixelData" in header and not header.PixelData:
        raise ValueError("they are empty")
    if needs_gdcm(header):
        return decode_with_gdcm(source, piece)
    check_frames(header)
    return pixel_array(header, raw=True)


@cache
def pixel_tags() -> list:
    """All that decoding asks of a header: what else stands there was read before."""
    from pydicom.tag import Tag

    return [Tag(keyword) for keyword in PIXEL_KEYWORDS]


def iter_frames(source: Source, first: Slice):
    """The frames of a multi-frame file, one after the other; first: one of them, for the scale that GDCM applied."""
    from pydicom import dcmread
    from pydicom.pixels import iter_pixels

    with source.open() as file:
        header = dcmread(file, force=True)
    complete_meta(header)
    if needs_gdcm(header):
        return iter(decode_with_gdcm(source, first))
    check_frames(header)
    return iter_pixels(header, raw=True)


def check_frames(header) -> None:
    """ValueError where a frame of JPEG-LS was cut off."""
    from pydicom.encaps import generate_frames

    if header.file_meta.TransferSyntaxUID not in JPEG_LS or "PixelData" not in header:
        return
    tables = header.get("ExtendedOffsetTable"), header.get("ExtendedOffsetTableLengths")
    number = int(header.get("NumberOfFrames") or 1)
    for frame in generate_frames(header.PixelData, number_of_frames=number, extended_offsets=None if None in tables else tables):
        check_whole(frame)


def needs_gdcm(header) -> bool:
    """Whether pydicom has no decoder for the file's transfer syntax."""
    from pydicom.pixels import get_decoder

    syntax = header.file_meta.TransferSyntaxUID
    if syntax in GDCM_ALONE:
        return True
    try:
        return syntax.is_compressed and syntax.is_encapsulated and not get_decoder(syntax).is_available
    except NotImplementedError:
        return True


def complete_meta(header) -> None:
    """A data set without file meta information is implicit little endian, as the standard has it."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

    if not hasattr(header, "file_meta"):
        header.file_meta = FileMetaDataset()
    if "TransferSyntaxUID" not in header.file_meta:
        implicit = header.original_encoding[0] is not False
        header.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian


def decode_with_gdcm(source: Source, piece: Slice) -> np.ndarray:
    """Stored pixels of a file that only GDCM decodes; its rescale is taken back."""
    import SimpleITK

    if source.archive:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "slice.dcm"
            place.write_bytes(source.read())
            image = SimpleITK.ReadImage(str(place))
    else:
        image = SimpleITK.ReadImage(source.path)
    rescaled = SimpleITK.GetArrayFromImage(image)
    slope = piece.tags.number("RescaleSlope") or 1.0
    intercept = piece.tags.number("RescaleIntercept") or 0.0
    stored = np.rint((rescaled.astype(np.float64) - intercept) / slope).astype(np.int32)
    return stored[0] if piece.frame is None and stored.ndim == 3 else stored


def for_each_slice(slices, reader: PixelReader, work) -> None:
    """Call `work(index, stored pixels)` for every slice, in threads where the slices are files of their own."""
    if slices[0].frame is not None:
        # frames come in the order of the file, whatever their place in the patient, so that each is decoded once
        for index in sorted(range(len(slices)), key=lambda k: (slices[k].source.name, slices[k].frame)):
            work(index, reader.stored(slices[index]))
        return
    with ThreadPoolExecutor(threads()) as pool:
        for done in pool.map(lambda index: work(index, reader.stored(slices[index])), range(len(slices))):
            del done
