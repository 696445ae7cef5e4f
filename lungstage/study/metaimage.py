"""A MetaImage file in, nothing out: its header is looked through first, because the library that reads it breaks on a bad one.

MetaIO writes beyond its arrays where NDims is no small number or comes too late; a file in a folder must not end the program.
Keys: MetaIO documentation, "Tags of MetaObject" and "Tags of MetaImage".
"""

from __future__ import annotations

import math

from ..errors import ImpossibleGeometry

HEADER_BYTES = 1 << 16
MOST_DIMENSIONS = 4
LONGEST_KEY, LONGEST_VALUE = 80, 4000
LAST_KEY = "ElementDataFile"
# how many numbers follow a key, of NDims n
NUMBERS = {
    "DimSize": lambda n: n, "ElementSpacing": lambda n: n, "ElementSize": lambda n: n, "Offset": lambda n: n,
    "Position": lambda n: n, "Origin": lambda n: n, "CenterOfRotation": lambda n: n, "TransformMatrix": lambda n: n * n,
    "Rotation": lambda n: n * n, "Orientation": lambda n: n * n, "ElementNumberOfChannels": lambda n: 1,
    "HeaderSize": lambda n: 1, "HeaderSizePerSlice": lambda n: 1, "CompressedDataSize": lambda n: 1,
}  # fmt: skip
WHOLE_FROM = {"DimSize": 1, "ElementNumberOfChannels": 1, "HeaderSize": -1, "HeaderSizePerSlice": -1, "CompressedDataSize": 0}


def check_header(name: str, path: str) -> None:
    """ValueError, saying which, where a line of a MetaImage header is none that a writer of such files makes.

    name     how messages call the file
    raises   also ImpossibleGeometry where it does not say how large its voxels are
    """
    with open(path, "rb") as file:
        lines = file.read(HEADER_BYTES).split(b"\n")
    said: dict[str, str] = {}
    for line in lines:
        key, equals, value = (part.decode("latin-1").strip() for part in line.partition(b"="))
        if not equals or not key.isidentifier() or len(key) > LONGEST_KEY or len(value) > LONGEST_VALUE:
            raise ValueError(f"its header holds the line {line[:40].decode('latin-1')!r}")
        if key in said:
            raise ValueError(f"its header says {key} twice")
        said[key] = value
        check_value(key, value, said)
        if key == LAST_KEY:
            break
    for key in ("NDims", "DimSize", "ElementType", LAST_KEY):
        if not said.get(key):
            raise ValueError(f"its header does not say {key}")
    if not said.get("ElementSpacing") and not said.get("ElementSize"):  # MetaIO would take them for 1 mm
        raise ImpossibleGeometry(f"{name}: its header does not say ElementSpacing, how large its voxels are; save it with it")


def check_value(key: str, value: str, said: dict[str, str]) -> None:
    """ValueError where a value is not of its key's kind; said: every key so far, this one among them."""
    wrong = ValueError(f"its header says {key} = {value[:40]}")
    if key == "NDims" and not (value.isdecimal() and 1 <= int(value) <= MOST_DIMENSIONS):
        raise wrong
    if key not in NUMBERS:
        return
    if "NDims" not in said:
        raise ValueError(f"its header says {key} before NDims")
    numbers = [number(word) for word in value.split()]
    if len(numbers) != NUMBERS[key](int(said["NDims"])) or not all(map(math.isfinite, numbers)):
        raise wrong
    if key in WHOLE_FROM and not all(one.is_integer() and WHOLE_FROM[key] <= one < 2**31 for one in numbers):
        raise wrong


def number(word: str) -> float:
    """A number, or NaN where a word is none."""
    try:
        return float(word)
    except ValueError:
        return math.nan
