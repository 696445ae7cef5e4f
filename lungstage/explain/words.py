"""Numbers and names in, the words a physician would use out; one place, so that every output says the same."""

from __future__ import annotations

from ..records import Lesion, Spread
from ..tables import Priors, read_rows

KIND_WORDS = {
    "pulmonary": "lesion in the lung", "node": "lymph node", "pleural": "pleural lesion", "effusion": "pleural effusion",
    "bone": "bone lesion", "liver": "liver lesion", "adrenal": "adrenal lesion", "brain": "brain lesion",
    "soft_tissue": "soft-tissue lesion", "collapse": "collapsed lung",
}  # fmt: skip
LISTED_FROM = 0.05
"""Categories less probable than this are summed up as "other" on the terminal and in sentences."""
REGION_WORDS = {"oesophagus": "oesophagus"}


def percent(probability: float) -> str:
    """Whole percent; never 0 % or 100 % for what is neither."""
    if 0.995 <= probability < 1.0 - 1e-9:
        return "> 99 %"
    if 1e-9 < probability < 0.005:
        return "< 1 %"
    return f"{100 * probability:.0f} %"


def likelihood_word(probability: float, priors: Priors) -> str:
    """A word such as "probably" or "hardly", by priors/words.csv."""
    rows = read_rows(priors, "words.csv", ("from", "word", "source"))
    return next(row["word"] for row in rows if probability >= float(row["from"]))


def plain(name: str) -> str:
    """A name of the program as words: left_upper_lobe is "left upper lobe"."""
    return name.replace("_", " ")


def listed(words) -> str:
    """a; a and b; a, b and c."""
    words = list(words)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def ordinal(edition: int) -> str:
    """7th, 8th, 9th."""
    return f"{edition}th"


def most_probable(distribution: dict[str, float]) -> str:
    """The name with the highest probability; the first of equals."""
    return max(distribution, key=distribution.get)


def ranked(distribution: dict[str, float], least: float = LISTED_FROM, most: int = 4) -> list[tuple[str, float]]:
    """Names by falling probability, at least one, at most `most`, the others not less than `least`."""
    pairs = sorted(distribution.items(), key=lambda pair: -pair[1])
    return [pair for rank, pair in enumerate(pairs) if rank == 0 or (rank < most and pair[1] >= least)]


def stage_word(stage: str) -> str:
    """The stage as it is spoken of."""
    return {"none": "no lung cancer", "undefined": "no stage group", "occult": "occult carcinoma"}.get(stage, f"stage {stage}")


def size_words(size: Spread) -> str:
    """42 mm (39 to 44): median and the 5 % and 95 % quantiles, whole millimetres."""
    return f"{size.q50:.0f} mm ({size.q05:.0f} to {size.q95:.0f})"


def place_words(lesion: Lesion) -> str:
    """The station of a node, the lobe or region of everything else, with the side where the name lacks it."""
    if lesion.kind == "node" and lesion.place.station:
        return f"station {most_probable(lesion.place.station)}"
    region = most_probable(lesion.place.region)
    side = most_probable(lesion.place.side)
    words = REGION_WORDS.get(region, rib_words(region) or plain(region))
    return words if side in words or region in SIDELESS else f"{words}, {side}"


def rib_words(region: str) -> str | None:
    """rib_right_5 is "right rib 5"; None of what is no single rib."""
    parts = region.split("_")
    return f"{parts[1]} rib {parts[2]}" if parts[0] == "rib" and len(parts) == 3 else None


SIDELESS = ("liver", "spleen", "heart", "brain", "sternum", "trachea", "carina", "stomach", "bladder")


def lesion_words(lesion: Lesion, reference: bool = True) -> str:
    """L1, right lower lobe, 42 mm (39 to 44), SUVmax 11.2."""
    size = lesion.short_axis_mm if lesion.kind == "node" else lesion.longest_diameter_mm
    axis = " short axis" if lesion.kind == "node" else ""
    uptake = "" if lesion.suv_max is None else f", {uptake_words(lesion)}"
    name = f"{lesion.id}, " if reference else ""
    return f"{name}{place_words(lesion)}, {size_words(size)}{axis}{uptake}"


def uptake_words(lesion: Lesion) -> str:
    """SUVmax with its unit where that is not body weight."""
    unit = "" if lesion.suv_unit == "SUVbw" else " (relative)"
    return f"SUVmax {lesion.suv_max:.1f}{unit}"
