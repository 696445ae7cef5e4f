"""A compressed frame in, the size that its own stream claims out: what a decoder would make room for.

JPEG and JPEG-LS say it in their frame header (SOF marker: ITU T.81 B.2.2, T.87 C.2.2), JPEG 2000 in its SIZ marker (T.800 A.5.1).
A stream that claims another size than the DICOM header would be decoded into memory that nobody asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

SOI, SOC_SIZ = b"\xff\xd8", b"\xff\x4f\xff\x51"
# frame headers of all processes of JPEG (C4, C8 and CC are tables and reserved), and of JPEG-LS (F7)
SOF = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a segment
BOX_BYTES = 4096  # of a JP2 file around its stream, in which the stream begins


@dataclass(frozen=True)
class StreamSize:
    """What a stream says of itself: its rows, columns, samples for each pixel, and the most bits of a sample."""

    rows: int
    columns: int
    samples: int
    bits: int


def check_size(frame: bytes, rows: int, columns: int, samples: int, bits_allocated: int) -> None:
    """ValueError where a frame of JPEG, JPEG-LS or JPEG 2000 is of another size than its header, or says none."""
    own = size_of(frame)
    if own is None:
        raise ValueError("its compressed frame does not say its size")
    if (own.rows, own.columns, own.samples) != (rows, columns, samples) or own.bits > bits_allocated:
        raise ValueError(
            f"its compressed frame is {own.rows} x {own.columns} x {own.samples} of {own.bits} bits, its header says "
            f"{rows} x {columns} x {samples} of {bits_allocated}"
        )


def size_of(frame: bytes) -> StreamSize | None:
    """The size that the first frame header of a stream states; None where there is none."""
    if frame.startswith(SOI):
        return size_of_jpeg(frame)
    start = 0 if frame.startswith(SOC_SIZ) else frame.find(SOC_SIZ, 0, BOX_BYTES)
    return None if start < 0 else size_of_jpeg_2000(frame[start + len(SOC_SIZ) :])


def size_of_jpeg(frame: bytes) -> StreamSize | None:
    """Marker by marker to the frame header, which precedes every scan."""
    at = len(SOI)
    while at + 9 < len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in ALONE:
            at += 2
        elif marker in SOF:
            return StreamSize(number(frame, at + 5, 2), number(frame, at + 7, 2), frame[at + 9], frame[at + 4])
        else:
            at += 2 + max(2, number(frame, at + 2, 2))
    return None


def size_of_jpeg_2000(segment: bytes) -> StreamSize | None:
    """From the SIZ segment behind its marker: the image is what the reference grid holds beyond its offset."""
    samples = number(segment, 36, 2)
    if len(segment) < 38 + 3 * samples or not samples:
        return None
    right, bottom, left, top = (number(segment, at, 4) for at in (4, 8, 12, 16))
    # lengths of the segment (2 bytes), capabilities (2), then the grid; of each sample its bits less 1 below the sign
    return StreamSize(bottom - top, right - left, samples, max((segment[38 + 3 * k] & 0x7F) + 1 for k in range(samples)))


def number(held: bytes, at: int, count: int) -> int:
    """A whole number of `count` bytes, the highest first."""
    return int.from_bytes(held[at : at + count], "big")
