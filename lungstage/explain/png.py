"""Pixels in, the bytes of a PNG file out: each row as its difference from the row above, which packs well and fast.

Pillow packs one sixth smaller in twenty times the time, and a report has some fifteen pictures.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np

UP = 2  # the filter type of a row that is told by the row above
RGB = 2
LEVEL = 2  # of isal: 0 to 3; its 3 packs pictures worse


def png_of(pixels: np.ndarray) -> bytes:
    """The file of RGB pixels uint8 (rows, columns, 3); equal pixels are equal bytes."""
    from isal import isal_zlib

    pixels = np.ascontiguousarray(pixels)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ValueError(f"a picture is uint8 (rows, columns, 3), not {pixels.dtype} {pixels.shape}")
    rows, columns, _ = pixels.shape
    lines = np.empty((rows, 1 + 3 * columns), np.uint8)
    lines[:, 0] = UP
    lines[:, 1:] = pixels.reshape(rows, -1)
    lines[1:, 1:] -= pixels.reshape(rows, -1)[:-1]
    head = struct.pack(">IIBBBBB", columns, rows, 8, RGB, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", isal_zlib.compress(lines, LEVEL)) + chunk(b"IEND", b"")


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk: its length, kind, content and check sum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
