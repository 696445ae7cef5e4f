"""Slices in, stored pixels out: native and compressed alike, file by file, in threads, without a copy of the whole.

Plain numbers and JPEG-LS are read without pydicom where nothing is odd about them (plain_pixels.py); else JPEG-LS, JPEG 2000
and RLE are decoded by the libraries of pydicom, the older JPEG processes by SimpleITK's GDCM. No decoder sees a frame that
claims another size than its header, and GDCM sees only files written for it: of damaged ones it may take gigabytes.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from ..errors import UnreadableInput
from .codestream import check_size
from .headers import DICOM_TROUBLE, Slice
from .inventory import reason
from .jpeg_ls import check_whole
from .plain_pixels import JPEG_LS, plain_pixels
from .sources import Source

GDCM_ALONE = {
    "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",
}  # fmt: skip
RLE = "1.2.840.10008.1.2.5"  # whose header says nothing of a size; what it may become is bounded by its length

OF_A_FRAME = """
    SamplesPerPixel PhotometricInterpretation Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation
""".split()
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
                values = decode_file(piece.source)
            return values[0] if values.ndim == 3 and len(values) == 1 else values
        with self.lock:
            return self.frame_of(piece)

    def frame_of(self, piece: Slice) -> np.ndarray:
        """One frame; frames asked for in rising order are decoded once each."""
        position, rest = self.frames.pop(piece.source, (piece.frame + 1, None))
        if position > piece.frame:
            rest, position = iter_frames(piece.source), 0
        for values in rest:
            position += 1
            if position > piece.frame:
                self.frames[piece.source] = (position, rest)
                if len(self.frames) > 4:
                    self.frames.popitem(last=False)
                return values
        raise ValueError(f"frame {piece.frame + 1} is not in the file")


def decode_file(source: Source) -> np.ndarray:
    """All pixels of a classic file, as stored."""
    from pydicom import dcmread
    from pydicom.pixels import pixel_array

    with source.open() as file:
        header = dcmread(file, force=True, specific_tags=pixel_tags())
    complete_meta(header)
    if "PixelData" in header and not header.PixelData:
        raise ValueError("they are empty")
    check_frames(header)
    return next(decode_with_gdcm(header)) if needs_gdcm(header) else pixel_array(header, raw=True)


@cache
def pixel_tags() -> list:
    """All that decoding asks of a header: what else stands there was read before."""
    from pydicom.tag import Tag

    return [Tag(keyword) for keyword in PIXEL_KEYWORDS]


def iter_frames(source: Source) -> Iterator[np.ndarray]:
    """The frames of a multi-frame file, one after the other."""
    from pydicom import dcmread
    from pydicom.pixels import iter_pixels

    with source.open() as file:
        header = dcmread(file, force=True)
    complete_meta(header)
    check_frames(header)
    return decode_with_gdcm(header) if needs_gdcm(header) else iter_pixels(header, raw=True)


def check_frames(header) -> None:
    """ValueError where a compressed frame is of another size than the header says, or, of JPEG-LS, was cut off."""
    syntax = header.file_meta.TransferSyntaxUID
    if not syntax.is_encapsulated or syntax == RLE or "PixelData" not in header:
        return
    size = int(header.Rows), int(header.Columns), int(header.SamplesPerPixel), int(header.BitsAllocated)
    for frame in frames_in(header):
        check_size(frame, *size)
        if syntax in JPEG_LS:
            check_whole(frame)


def frames_in(header) -> Iterator[bytes]:
    """The compressed frames of a file, as they lie in it."""
    from pydicom.encaps import generate_frames

    tables = header.get("ExtendedOffsetTable"), header.get("ExtendedOffsetTableLengths")
    number = int(header.get("NumberOfFrames") or 1)
    return generate_frames(header.PixelData, number_of_frames=number, extended_offsets=None if None in tables else tables)


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


def decode_with_gdcm(header) -> Iterator[np.ndarray]:
    """The stored pixels (rows, columns) of each frame of a file that only GDCM decodes: one small sound file for each."""
    import SimpleITK

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "frame.dcm"
        for frame in frames_in(header):
            bare_file(header, frame).save_as(place, enforce_file_format=True)
            stored = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(place), imageIO="GDCMImageIO"))
            yield stored[0] if stored.ndim == 3 else stored


def bare_file(header, frame: bytes):
    """A data set of one compressed frame with what its decoding needs, and nothing else: no rescale, no place."""
    from pydicom import Dataset
    from pydicom.dataset import FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import SecondaryCaptureImageStorage, generate_uid

    bare = Dataset()
    bare.file_meta = FileMetaDataset()
    bare.file_meta.TransferSyntaxUID = header.file_meta.TransferSyntaxUID
    bare.SOPClassUID = bare.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    bare.SOPInstanceUID = bare.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["lungstage"])
    for keyword in OF_A_FRAME:
        if keyword in header:
            bare[keyword] = header[keyword]
    bare.PixelData = encapsulate([frame])
    bare["PixelData"].VR, bare["PixelData"].is_undefined_length = "OB", True
    return bare


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
