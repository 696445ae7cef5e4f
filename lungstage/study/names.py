"""What a mask is called in, what it is of out: a region, a lung and its side, a lesion or none; by the tables of priors/."""

from __future__ import annotations

from collections import Counter
from functools import cache

from ..errors import ImpossibleRequest
from ..records.lungs import LEFT, RIGHT
from ..tables import Priors, read_rows, shipped_priors

UNKNOWN_SIDE = 3
ORGANS_TABLE, REGIONS_TABLE = "atlas/organ_names.csv", "atlas/regions.csv"
MEANINGS = {"lung": ("lung", "right", "left"), "lesion": ("lesion", "target", "organ", "planning")}


def region_called(name: str, priors: Priors | None = None) -> str | None:
    """The region of priors/atlas/regions.csv that a mask of this name is of, or None."""
    return organ_names(priors).get("_".join("".join(c if c.isalnum() else " " for c in name.lower()).split()))


def is_lesion(name: str, priors: Priors | None = None) -> bool:
    """Whether a mask of this name is one of a lesion (priors/study/lesion_names.csv)."""
    means = meanings(name, "lesion", priors)
    if "planning" in means:
        return False
    return "lesion" in means or ("organ" not in means)


def side_of(name: str, count: int, priors: Priors | None = None) -> int:
    """RIGHT, LEFT, UNKNOWN_SIDE, or 0 where a mask is not a lung's; count: of all masks of the set."""
    if name in (str(RIGHT), str(LEFT)) and count > 1:
        return int(name)
    means = meanings(name, "lung", priors)
    if "lung" not in means:
        return UNKNOWN_SIDE if count == 1 and not means - {"lung"} else 0  # the only mask of a file given as --lungs
    return RIGHT if "right" in means else LEFT if "left" in means else UNKNOWN_SIDE


def meanings(name: str, kind: str, priors: Priors | None = None) -> set[str]:
    """What the words of a mask's name mean by the table of a kind: "lung" or "lesion"."""
    words = "".join(c if c.isalnum() else " " for c in name.lower()).split()
    table = name_words(kind, priors)
    return {meaning for word in words if (meaning := table.get(word) or table.get(word.rstrip("0123456789")))}


@cache
def organ_names(priors: Priors | None = None) -> dict[str, str]:
    """Name of a mask to name of a region, of priors/atlas/organ_names.csv; ImpossibleRequest for a region that is none."""
    priors = priors or shipped_priors()
    regions = {row["name"] for row in read_rows(priors, REGIONS_TABLE, ("code", "name", "group", "text"))}
    rows = read_rows(priors, ORGANS_TABLE, ("name", "region", "text"))
    return checked(f"{priors.name}/{ORGANS_TABLE}", [(row["name"], row["region"]) for row in rows], regions, REGIONS_TABLE)


@cache
def name_words(kind: str, priors: Priors | None = None) -> dict[str, str]:
    """Word to what it means, of priors/study/lung_names.csv or lesion_names.csv; ImpossibleRequest for a meaning that is none."""
    priors, path = priors or shipped_priors(), f"study/{kind}_names.csv"
    rows = read_rows(priors, path, ("word", "means", "text"))
    means = MEANINGS[kind]
    return checked(f"{priors.name}/{path}", [(row["word"], row["means"]) for row in rows], set(means), ", ".join(means))


def checked(where: str, pairs: list[tuple[str, str]], known: set[str], among: str) -> dict[str, str]:
    """Pairs of a table as a dict; ImpossibleRequest for a name that stands twice, is never met or means nothing known."""
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1:
            raise ImpossibleRequest(f"{where}: {name} stands there {count} times; leave one row")
    for name, meaning in pairs:
        if not name or name != name.lower() or not name.replace("_", "").isalnum():
            raise ImpossibleRequest(f"{where}: {name!r} is never met: names are compared in small letters, without other signs")
        if meaning not in known:
            raise ImpossibleRequest(f"{where}: {name} means {meaning or 'nothing'}, which is none of {among}")
    return dict(pairs)
