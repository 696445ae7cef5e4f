"""A Report and its pictures in, report.html out: one file that needs no network and no script.

What stands where is report.html.j2; here are only the numbers it needs, made ready for print.
"""

from __future__ import annotations

import base64
from functools import cache
from importlib.resources import files

import numpy as np

from ..records import EditionStaging, Lesion
from .found import KEY, chest_box, planes_meet
from .picture import Picture
from .pictures import CARDS_AT_MOST, SHOWN_FROM, poster
from .sentences import DISCLAIMER, missing, next_step, no_lungs_sentence, not_assessable, note_sentence, why
from .words import (
    KIND_WORDS,
    lesion_words,
    likelihood_word,
    most_probable,
    ordinal,
    percent,
    place_words,
    plain,
    size_words,
    stage_word,
)

BARS_FROM = 0.005
RULES_FROM = 0.005
STATION_PLACES = {
    "1R": (128, 28), "1L": (192, 28), "2R": (122, 68), "2L": (198, 68), "3a": (146, 96), "3p": (174, 96),
    "4R": (116, 122), "4L": (204, 122), "5": (240, 118), "6": (246, 84), "7": (160, 186), "8": (160, 236),
    "9R": (112, 284), "9L": (208, 284), "10R": (92, 166), "10L": (228, 166), "11R": (58, 204), "11L": (262, 204),
    "12R": (30, 244), "12L": (290, 244),
}  # fmt: skip
"""Where a station is drawn on the node map, a schematic of 320 x 320 with the patient's right at the left."""


@cache
def template():
    """The page's template; every value is escaped."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(
        percent=percent, sentence=note_sentence, plain=plain, place=place_words, size=size_words, stage=stage_word
    )
    return environment.from_string(files(__package__).joinpath("report.html.j2").read_text(encoding="utf-8"))


def page(report, pictures: dict[str, Picture]) -> str:
    """The whole page."""
    from .. import __version__

    staged = report.staging is not None
    return template().render(
        version=__version__,
        disclaimer=DISCLAIMER,
        report=report,
        patient=report.study.patient,
        missing=missing(report) if staged else [no_lungs_sentence(report)],
        why=why(report) if staged else "",
        next_step=next_step(report) if staged else "",
        not_assessable=not_assessable(report) if staged else [note_sentence(note) for note in report.notes],
        editions=[edition_block(report, edition) for edition in edition_order(report)] if staged else [],
        stations=node_map(report) if staged else [],
        lesions=[lesion_block(lesion, report) for lesion in report.lesions],
        shown_from=SHOWN_FROM,
        cards_at_most=CARDS_AT_MOST,
        primary=primary_words(report) if staged else "",
        would_change=sorted(report.staging.would_change, key=lambda one: (-one.value, one.fact, one.answer)) if staged else [],
        through=planes_meet(report, chest_box(report.lungs))[0] if report.anatomy else "",
        parts=[(name, "rgb({}, {}, {})".format(*colour)) for name, colour in KEY],
        pictures={
            name: {"uri": data_uri(picture), "alt": picture.alt, "wide": picture.pixels.shape[1] / picture.pixels.shape[0]}
            for name, picture in pictures.items()
        },
        passport=report.study.passport,
        digest=report.priors.digest(),
    )


def edition_order(report) -> list[int]:
    """The shown edition, then the others, newest first."""
    return sorted(report.staging.editions, key=lambda edition: (edition != report.edition, -edition))


def edition_block(report, edition: int) -> dict:
    """One edition for bars and rules."""
    one: EditionStaging = report.staging.editions[edition]
    return {
        "name": ordinal(edition),
        "best": one.most_likely,
        "least_cost": one.least_cost,
        "bars": {
            "Stage": shares(one.stage), "T": shares(one.t), "N": shares(one.n), "M": shares(one.m),
        },
        "rules": {letter: rules_of(one, letter) for letter in "TNM"},
    }  # fmt: skip


def shares(distribution: dict[str, float]) -> list[tuple[str, float]]:
    """What is worth a bar, in the order of the classification."""
    return [(name, p) for name, p in distribution.items() if p >= BARS_FROM]


def rules_of(edition: EditionStaging, letter: str) -> list:
    """The rows of one letter, in the order of the tables."""
    return [rule for rule in edition.rules if rule.id[:1].upper() == letter and rule.probability >= RULES_FROM]


def node_map(report) -> list[dict]:
    """Each station with the probability that a node seen there is malignant."""
    free = dict.fromkeys(STATION_PLACES, 1.0)
    for lesion in report.lesions:
        for name, share in (lesion.place.station or {}).items():
            free[name] *= 1.0 - lesion.role.get("node", 0.0) * share
    return [{"name": name, "x": x, "y": y, "p": 1.0 - free[name]} for name, (x, y) in STATION_PLACES.items()]


def primary_words(report) -> str:
    """Which lesion is the primary, in words."""
    name = most_probable(report.staging.primary)
    probability = percent(report.staging.primary[name])
    if name == "none":
        return f"no lung cancer is seen ({probability})"
    if name == "unseen":
        return f"the primary tumour is not seen ({probability})"
    return f"the primary is {lesion_words(report.lesions[name])} ({probability})"


def lesion_block(lesion: Lesion, report) -> dict:
    """One lesion's card."""
    largest = max((abs(reason.log_odds) for reason in lesion.reasons), default=1.0) or 1.0
    return {
        "it": lesion,
        "what": KIND_WORDS[lesion.kind],
        "density": plain(most_probable(lesion.density)),
        "word": likelihood_word(lesion.p_malignant, report.priors),
        "role": plain(most_probable(lesion.role)) if lesion.role else "",
        "station": sorted((lesion.place.station or {}).items(), key=lambda pair: -pair[1])[:3],
        "region": sorted(lesion.place.region.items(), key=lambda pair: -pair[1])[:3],
        "sizes": histogram(lesion.samples.longest_mm),
        "reasons": [(plain(r.term), r.value, r.log_odds, 46.0 * r.log_odds / largest) for r in lesion.reasons],
    }


def histogram(samples: np.ndarray, bars: int = 24) -> dict:
    """The longest diameters of the posterior shapes as bars: low and high in mm, and heights from 0 to 1."""
    low, high = float(np.min(samples)), float(np.max(samples))
    middle, half = (low + high) / 2, max((high - low) / 2, 1.0)
    counts, _ = np.histogram(samples, bars, (middle - half, middle + half))
    return {"low": middle - half, "high": middle + half, "heights": [float(n) / max(1, int(counts.max())) for n in counts]}


def data_uri(picture: Picture) -> str:
    """The picture inside the page."""
    return "data:image/png;base64," + base64.b64encode(picture.png).decode("ascii")


def notebook_html(report) -> str:
    """The answer and one picture for a notebook."""
    from markupsafe import Markup, escape

    from .pictures import coronal_look, empty_look
    from .sentences import summary

    look = coronal_look(report) if report.anatomy else empty_look(report)
    sheet = poster(report, {"coronal": look})
    lines = Markup("<br>").join(escape(line) for line in summary(report))
    return str(Markup('<p>{}</p><img alt="{}" src="{}">').format(lines, sheet.alt, data_uri(sheet)))
