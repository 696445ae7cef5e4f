"""A NRRD header in, notes out: whether it says how large its voxels are and which way its axes run.

Fields: NRRD definition, "Spacing" and "Space and orientation".
"""

from __future__ import annotations

import re

from ..errors import ImpossibleGeometry
from ..records import Note

HEADER_BYTES = 1 << 20  # in which a header ends, its keys of private use included
DIMENSIONS = 3  # of a volume; axes beyond them hold one value each
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
VECTOR = re.compile(rf"\(\s*{NUMBER}(?:\s*,\s*{NUMBER})*\s*\)")


def check_nrrd(name: str, path: str) -> tuple[Note, ...]:
    """What is said of a NRRD whose header names no space.

    name     how messages call the file
    raises   ImpossibleGeometry where it does not say how large its voxels are in mm; ITK would take them for 1 mm
    """
    fields = fields_of(path)
    vectors = len(VECTOR.findall(fields.get("space directions", "")))
    spacings = sum(bool(re.fullmatch(NUMBER, word)) for word in fields.get("spacings", "").split())
    if max(vectors, spacings) < DIMENSIONS:
        raise ImpossibleGeometry(
            f"{name}: its header does not say how large its voxels are (spacings or space directions of three axes); "
            "save it with them"
        )
    units = set(re.findall(r'"([^"]*)"', fields.get("space units", fields.get("units", "")))) - {"", "mm", "millimeter"}
    if units:
        raise ImpossibleGeometry(f"{name}: its voxels are measured in {sorted(units)[0]}; save it with millimetres")
    if "space" in fields:
        return ()
    return (Note("orientation_assumed", f"{name}: the file says nothing of its orientation (no space)",
                 "its axes are taken to run to the left, back and head; left and right may be wrong"),)  # fmt: skip


def fields_of(path: str) -> dict[str, str]:
    """The fields of a header, their names in lower case; "space dimension" counts as a space."""
    with open(path, "rb") as file:
        lines = file.read(HEADER_BYTES).replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("latin-1").splitlines()
    fields = {}
    for line in lines:
        field, colon, value = line.partition(": ")
        if colon and ":=" not in field and not line.startswith("#"):
            fields[field.strip().lower()] = value.strip()
    return fields
