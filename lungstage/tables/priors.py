"""Where the numbers lie: the `priors/` that ship with the package, or a changed copy the user names."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from ..errors import ImpossibleRequest


@dataclass(frozen=True)
class Priors:
    """A folder of numbers; `name` is how messages call it."""

    root: Traversable
    name: str = "priors"

    def text(self, path: str) -> str:
        """The text of one file, such as "parameters/lungs.toml"; ImpossibleRequest if it is not there."""
        place = self.root.joinpath(*path.split("/"))
        if not place.is_file():
            raise ImpossibleRequest(
                f"{self.name}/{path}: this file of numbers is missing; `priors export` writes a complete copy"
            )
        return place.read_text(encoding="utf-8")

    def toml(self, path: str) -> dict:
        """One TOML file as nested dicts; ImpossibleRequest naming the line if it does not parse."""
        try:
            return tomllib.loads(self.text(path))
        except tomllib.TOMLDecodeError as error:
            raise ImpossibleRequest(f"{self.name}/{path}: {error}; this is not TOML") from error

    def paths(self) -> list[str]:
        """Every file of numbers, sorted, as paths below the folder."""
        return sorted(_walk(self.root, ""))

    def digest(self) -> str:
        """sha256 over the names and bytes of every file, the same on every machine."""
        total = hashlib.sha256()
        for path in self.paths():
            total.update(path.encode() + b"\0" + self.root.joinpath(*path.split("/")).read_bytes() + b"\0")
        return total.hexdigest()

    def sources(self) -> frozenset[str]:
        """The keys of sources.bib."""
        return frozenset(re.findall(r"^@\w+\{([^,\s]+),", self.text("sources.bib"), flags=re.MULTILINE))


def _walk(folder: Traversable, prefix: str):
    for entry in folder.iterdir():
        if entry.is_dir():
            if not entry.name.startswith(("_", ".")):
                yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith((".toml", ".csv", ".bib")):
            yield prefix + entry.name


@cache
def shipped_priors() -> Priors:
    """The numbers inside the package."""
    return Priors(files("lungstage.priors"))


def priors_at(folder: str | Path | None) -> Priors:
    """The numbers of a folder the user names, or the shipped ones; ImpossibleRequest if there is no such folder."""
    if folder is None:
        return shipped_priors()
    folder = Path(folder)
    if not (folder / "sources.bib").is_file():
        raise ImpossibleRequest(
            f"{folder}: no sources.bib here, so these are not priors; `priors export DIR` writes a copy to change"
        )
    return Priors(folder, str(folder))
