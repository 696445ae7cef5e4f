"""Size of a lesion and the signs of a contact in, the probability that it has grown into what it touches out.

Contact is not invasion: the prior by size is moved by length, angle and lost fat, whose evidence is averaged because it is one
and the same extent seen three times; uptake beyond the border and bone that is gone are seen apart from it and count in full.
Numbers: priors/contacts.csv, priors/parameters/contacts.toml.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..tables import Priors, read_parameters, read_rows

SIZES_MM = (10.0, 20.0, 30.0, 40.0, 50.0, 70.0)
SIZE_KEYS = ("upto10", "upto20", "upto30", "upto40", "upto50", "upto70", "more")
EXTENT, APART = ("length", "angle", "fat"), ("uptake", "bone")
SIGNS = (*EXTENT, *APART)
COLUMNS = ("structure", *SIZE_KEYS, *(f"{sign}_{word}" for sign in SIGNS for word in ("sens", "spec")), "source", "verified")


@dataclass(frozen=True)
class InvasionRow:
    """One structure of priors/contacts.csv: prior by size, and (sensitivity, specificity) of each sign."""

    by_size: tuple[float, ...]
    signs: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class ContactParameters:
    """How contacts are measured and their signs read; meanings stand in the file. Pairs are a limit and its error."""

    reach_mm: float
    least_contact_mm: float
    long_contact_mm: tuple[float, float]
    wide_angle_deg: tuple[float, float]
    fat_below_hu: float
    carina_mm: float
    main_bronchus_mm: float
    beyond_mm: tuple[float, float]
    beyond_over: float
    beyond_share: tuple[float, float]
    bone_rim_mm: float
    bone_lost_ml: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Signs:
    """What is seen of a contact with one structure.

    length_mm, angle_deg   float (n), for each shape sample
    fat_lost               share of the contact without fat between
    beyond                 uptake beyond the border, a share of the lesion's own (beyond.py); None: not known
    bone_lost_ml           bone gone beside the lesion; None: not known
    """

    length_mm: np.ndarray
    angle_deg: np.ndarray
    fat_lost: float
    beyond: float | None = None
    bone_lost_ml: float | None = None


def load_contact_parameters(priors: Priors) -> ContactParameters:
    """The numbers of a folder of priors."""
    return read_parameters(priors, "parameters/contacts.toml", ContactParameters)


def invasion_table(priors: Priors) -> dict[str, InvasionRow]:
    """Structure to its row."""
    return {
        row["structure"]: InvasionRow(
            tuple(float(row[key]) for key in SIZE_KEYS),
            {sign: (float(row[f"{sign}_sens"]), float(row[f"{sign}_spec"])) for sign in SIGNS},
        )
        for row in read_rows(priors, "contacts.csv", COLUMNS)
    }


def invaded(longest_mm: np.ndarray, signs: Signs, row: InvasionRow, numbers: ContactParameters) -> np.ndarray:
    """(n): posterior of invasion for each shape sample."""
    centres = (5.0, *((a + b) / 2 for a, b in zip(SIZES_MM, SIZES_MM[1:])), 85.0)
    prior = np.interp(longest_mm, centres, row.by_size)
    present = {
        "length": soft_step(signs.length_mm, numbers.long_contact_mm),
        "angle": soft_step(signs.angle_deg, numbers.wide_angle_deg),
        "fat": np.full(len(longest_mm), signs.fat_lost),
    }
    evidence = np.mean([log_ratio(present[sign], *row.signs[sign]) for sign in EXTENT], axis=0)
    for sign, value, limit in (
        ("uptake", signs.beyond, numbers.beyond_share), ("bone", signs.bone_lost_ml, numbers.bone_lost_ml)
    ):  # fmt: skip
        if value is not None:
            evidence = evidence + log_ratio(soft_step(value, limit), *row.signs[sign])
    odds = np.log(prior / (1.0 - prior)) + evidence
    return 1.0 / (1.0 + np.exp(-odds))


def log_ratio(present: np.ndarray, sensitivity: float, specificity: float) -> np.ndarray:
    """Log likelihood ratio of a sign seen with probability `present`."""
    seen = sensitivity / (1.0 - specificity)
    absent = (1.0 - sensitivity) / specificity
    return np.log(present * seen + (1.0 - present) * absent)


def soft_step(value, limit: tuple[float, float]) -> np.ndarray:
    """Probability that something measured with an error lies above a limit: limit = (where, standard deviation)."""
    from scipy.special import ndtr

    return ndtr((np.asarray(value, float) - limit[0]) / limit[1])
