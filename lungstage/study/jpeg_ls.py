"""A JPEG-LS frame in, its pixels out, while other threads work on.

pyjpegls decodes with CharLS and holds the interpreter meanwhile, so that threads wait for each other. The same CharLS called
by its own C functions does not. Where a build hides them, or a frame is of a kind not met here, the answer is None and
pydicom decodes as ever.
"""

from __future__ import annotations

import ctypes
from functools import cache

import numpy as np

PARAMETERS_BYTES = 256  # more than JlsParameters of CharLS 1 and 2; it begins with width, height, bits, stride, components
MESSAGE_BYTES = 1024
END_OF_IMAGE = b"\xff\xd9"


def decode_jpeg_ls(frame: bytes, shape: tuple[int, int], dtype: np.dtype, bits_stored: int) -> np.ndarray | None:
    """The pixels (rows, columns) of a grey frame; None where it must be decoded otherwise.

    dtype         8 or 16 bits, signed where the header says so: the codestream itself knows no sign
    bits_stored   of the header; the highest of them is the sign
    raises        ValueError for a frame that was cut off
    """
    check_whole(frame)
    functions = charls()
    if functions is None:
        return None
    read_header, decode = functions
    parameters = (ctypes.c_int32 * (PARAMETERS_BYTES // 4))()
    message = ctypes.create_string_buffer(MESSAGE_BYTES)
    if read_header(frame, len(frame), parameters, message):
        return None
    columns, rows, bits, _, components = parameters[:5]
    if (rows, columns) != shape or components != 1 or not 0 < bits <= 16 or (bits > 8) != (dtype.itemsize == 2):
        return None
    pixels = np.empty(shape, dtype)
    if decode(pixels.ctypes.data, pixels.nbytes, frame, len(frame), None, message):
        return None
    if dtype.kind == "i":
        spare = 8 * dtype.itemsize - bits_stored
        pixels <<= spare
        pixels >>= spare
    return pixels


def check_whole(frame: bytes) -> None:
    """ValueError for a JPEG-LS frame that was cut off: CharLS looks for its end for minutes, whoever calls it."""
    if not frame.rstrip(b"\0").endswith(END_OF_IMAGE):
        raise ValueError("its JPEG-LS frame ends early")


@cache
def charls():
    """(JpegLsReadHeader, JpegLsDecode) of the CharLS that pyjpegls brings; None where it does not show them."""
    try:
        import _CharLS

        library = ctypes.CDLL(_CharLS.__file__)
        read_header, decode = library.JpegLsReadHeader, library.JpegLsDecode
    except (ImportError, OSError, AttributeError):
        return None
    size, buffer = ctypes.c_size_t, ctypes.c_void_p
    read_header.argtypes = (ctypes.c_char_p, size, buffer, ctypes.c_char_p)
    decode.argtypes = (buffer, size, ctypes.c_char_p, size, buffer, ctypes.c_char_p)
    return read_header, decode
