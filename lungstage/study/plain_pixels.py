"""A slice whose header was read in, its stored pixels out, straight from where they begin in the file.

Most slices are plain numbers or one JPEG-LS frame; their header need not be read a second time. Whatever is not plainly so
(a transfer syntax of another kind, a length that does not fit, a zip) gives None, and pydicom decodes it.
"""

from __future__ import annotations

import struct
from io import BufferedReader

import numpy as np

from .headers import Slice
from .jpeg_ls import decode_jpeg_ls

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
PIXEL_DATA = b"\xe0\x7f\x10\x00"
UNDEFINED = 0xFFFFFFFF


def plain_pixels(piece: Slice) -> np.ndarray | None:
    """The stored pixels (rows, columns) of a classic slice, or None."""
    dtype = plain_dtype(piece)
    if dtype is None:
        return None
    shape, bits_stored = (piece.rows, piece.columns), int(piece.tags.number("BitsStored"))
    with piece.source.open() as file:
        file.seek(piece.pixels_at)
        length = length_of_pixels(file, piece.syntax)
        if piece.syntax in JPEG_LS:
            frame = only_frame(file) if length == UNDEFINED else None
            return None if frame is None else decode_jpeg_ls(frame, shape, dtype, bits_stored)
        size = piece.rows * piece.columns * dtype.itemsize
        if length not in (size, size + size % 2):
            return None
        held = file.read(size)
    return None if len(held) < size else cut_to_bits(np.frombuffer(held, dtype).reshape(shape), bits_stored)


def plain_dtype(piece: Slice) -> np.dtype | None:
    """The type of the stored numbers; None for a slice that is not read here."""
    tags = piece.tags
    if piece.pixels_at is None or piece.frame is not None or piece.source.archive is not None:
        return None
    if piece.syntax not in (IMPLICIT, EXPLICIT, *JPEG_LS):
        return None
    allocated, stored, high, signed, samples = (
        tags.number(keyword) for keyword in ("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel")
    )
    frames = tags.number("NumberOfFrames")
    if allocated not in (8, 16) or samples != 1 or signed not in (0, 1) or frames not in (None, 1):
        return None
    if stored is None or not 0 < stored <= allocated or high != stored - 1:
        return None
    return np.dtype(f"<{'i' if signed else 'u'}{int(allocated) // 8}")


def length_of_pixels(file: BufferedReader, syntax: str) -> int | None:
    """The length of the element at which the file stands, which then stands at its value; None if it is not PixelData."""
    start = file.read(8)
    if len(start) < 8 or start[:4] != PIXEL_DATA:
        return None
    if syntax == IMPLICIT:
        return struct.unpack("<L", start[4:])[0]
    more = file.read(4)
    return struct.unpack("<L", more)[0] if start[4:6] in (b"OW", b"OB") and len(more) == 4 else None


def only_frame(file: BufferedReader) -> bytes | None:
    """The one frame of encapsulated pixels at which a file stands; None where they are not one frame."""
    from pydicom.encaps import get_frame

    try:
        return get_frame(file, 0, number_of_frames=1)
    except (ValueError, struct.error, EOFError):
        return None


def cut_to_bits(pixels: np.ndarray, bits_stored: int) -> np.ndarray:
    """The pixels without what stands above their highest bit, such as an overlay; the sign, if any, is kept."""
    spare = 8 * pixels.dtype.itemsize - bits_stored
    return pixels if not spare else (pixels << spare) >> spare
