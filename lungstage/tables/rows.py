"""One CSV file of priors in, its rows out as dicts of text; the caller turns text into its own record."""

from __future__ import annotations

import csv
import io

from ..errors import ImpossibleRequest
from .priors import Priors


def read_rows(priors: Priors, path: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Rows of a CSV file, blank lines and lines that begin with # left out, cells stripped.

    columns   the header the file must have, in this order
    raises    ImpossibleRequest naming file, line and what is wrong
    """
    where = f"{priors.name}/{path}"
    lines = [line for line in priors.text(path).splitlines() if line.strip() and not line.startswith("#")]
    reader = csv.DictReader(io.StringIO("\n".join(lines)), strict=True)
    if tuple(reader.fieldnames or ()) != columns:
        raise ImpossibleRequest(f"{where}: the columns are {reader.fieldnames}, expected {list(columns)}")
    rows = []
    for number, row in enumerate(reader, start=2):
        if None in row or None in row.values():
            raise ImpossibleRequest(f"{where}: row {number} has another number of cells than the header")
        rows.append({key: cell.strip() for key, cell in row.items()})
    return rows
