"""A person and a seed in, what each tissue is worth out: CT number and FDG uptake of this patient, solid by solid.

The lung's CT number waits for the room that the lungs fill (`lung_weight.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .parameters import PhantomParameters, read_table
from .person import Person
from .solids import Solids
from .streams import stream

LIVER_BLOOD_CORRELATION = 0.82
"""Between patients, of liver and blood uptake."""
CONTRAST_SIGMA = 0.22
"""Spread between patients of how much contrast adds (sigma of the logarithm)."""
APART = ("staple", "cancellous")
"""Tissues that came later, with random numbers of their own so that the others keep theirs."""
MYOCARDIUM = ((1.8, 0.25, 0.55), (3.5, 0.40, 0.25), (9.0, 0.40, 0.20))
"""Uptake of the left ventricle: median, sigma, share of patients."""


@dataclass(frozen=True)
class Worth:
    """One tissue of one patient: CT number and its texture; uptake (SUVbw) and its texture, both standard deviations."""

    hu: float
    hu_texture: float
    suv: float
    suv_texture: float


@dataclass(frozen=True)
class Physiology:
    """tissue -> Worth; gradients of the lung per mm to the back and to the head in HU, to the back as a share of its
    uptake."""

    tissues: dict[str, Worth]
    lung_hu_per_mm: float
    lung_hu_per_mm_up: float
    lung_suv_per_mm: float

    def hu_shades(self, solids: Solids) -> np.ndarray:
        """(n, 4) value, change per mm to the back and to the head, texture: what `paint` wants for the CT."""
        return self._shades(
            solids, lambda one: (one.hu, 0, 0, one.hu_texture), (0, self.lung_hu_per_mm, self.lung_hu_per_mm_up, 0)
        )

    def suv_shades(self, solids: Solids) -> np.ndarray:
        """The same for the PET, in SUVbw."""
        lung = self.tissues["lung"].suv * self.lung_suv_per_mm
        return self._shades(solids, lambda one: (one.suv, 0, 0, one.suv_texture), (0, lung, -lung / 4, 0))

    def _shades(self, solids, worth, lung_slope) -> np.ndarray:
        known = {name: np.array(worth(self.tissues[name]), float) for name in set(solids.tissue)}
        if "lung" in known:
            known["lung"] = known["lung"] + lung_slope
        return np.array([known[name] for name in solids.tissue]).reshape(-1, 4)

    def with_tissue(self, name: str, worth: Worth) -> Physiology:
        """The same with one more tissue, such as a tumour."""
        return replace(self, tissues={**self.tissues, name: worth})


def draw_physiology(seed: int, person: Person, numbers: PhantomParameters) -> Physiology:
    """This patient's tissues."""
    table, rng = read_table("tissues"), stream(seed, "physiology")
    common = rng.normal()
    boost = float(np.exp(CONTRAST_SIGMA * np.clip(stream(seed, "contrast").normal(), -2, 2)))
    tissues = {}
    for index in range(len(table)):
        row = table.row(index)
        own = stream(seed, f"tissue {row['tissue']}") if row["tissue"] in APART else rng
        tissues[row["tissue"]] = draw_worth(row, person, common, boost, own)
    tissues = with_states(seed, tissues)
    median, sigma = heart_state(rng)
    heart = tissues["myocardium"]
    uptake = float(median * np.exp(sigma * np.clip(rng.normal(), -2, 2)))
    tissues["myocardium"] = Worth(heart.hu, heart.hu_texture, max(uptake, tissues["blood"].suv), 0.2 * uptake)
    # the same blood runs in lung vessels and heart
    for name in ("lung_vessel", "heart_blood"):
        tissues[name] = Worth(
            tissues["blood"].hu, tissues["blood"].hu_texture, tissues["blood"].suv, tissues["blood"].suv_texture
        )
    return Physiology(tissues, *lung_gradients(seed, person, numbers), numbers.lung_suv_gradient_per_mm)


def lung_gradients(seed: int, person: Person, numbers: PhantomParameters) -> tuple[float, float]:
    """HU per mm to the back and to the head of this patient's lungs at this breath."""
    (shallow, full), (shallow_sd, full_sd) = numbers.lung_gradient_hu_per_mm, numbers.lung_gradient_sd_hu_per_mm
    off = float(np.clip(stream(seed, "lung gradient").normal(), -2, 2))
    quiet, deep = max(shallow + shallow_sd * off, 0.0), max(full + full_sd * off, 0.0)
    return quiet + (deep - quiet) * person.inspiration, numbers.lung_gradient_up_hu_per_mm * (1 - person.inspiration)


def with_states(seed: int, tissues: dict[str, Worth]) -> dict[str, Worth]:
    """The tissues as a fatty liver, a busy marrow and the like leave them."""
    table, changed = read_table("states"), dict(tissues)
    for index in range(len(table)):
        row, rng = table.row(index), stream(seed, f"state {table['state'][index]}")
        if rng.random() >= row["share"]:
            continue
        factor = float(rng.uniform(row["suv_low"], row["suv_high"]))
        fall = row["hu_sd"] * float(np.clip(rng.normal(), -2, 2)) if np.isfinite(row["hu"]) else 0.0
        for name in row["tissues"].split():
            old = changed[name]
            plain = read_table("tissues")["hu"][read_table("tissues")["tissue"].index(name)]
            hu = old.hu + (row["hu"] + fall - plain if np.isfinite(row["hu"]) else 0.0)
            changed[name] = Worth(float(hu), old.hu_texture, old.suv * factor, old.suv_texture * factor)
    return changed


def draw_worth(row: dict, person: Person, common: float, boost: float, rng: np.random.Generator) -> Worth:
    """One tissue; blood and liver of a patient rise and fall together, and so does what contrast adds to all (`boost`)."""
    own, shift = rng.normal(size=2)
    if row["tissue"] in ("liver", "blood", "spleen"):
        own = np.sqrt(LIVER_BLOOD_CORRELATION) * common + np.sqrt(1 - LIVER_BLOOD_CORRELATION) * own
    enhanced = person.contrast and np.isfinite(row["hu_contrast"])
    mean = row["hu"] + (boost * (row["hu_contrast"] - row["hu"]) if enhanced else 0.0)
    hu = mean + np.clip(shift, -2, 2) * row["hu_sd"]
    suv = row["suv"] * np.exp(row["suv_sigma"] * np.clip(own, -2, 2))
    return Worth(float(hu), float(row["hu_texture"]), float(suv), float(row["suv_texture"] * suv))


def heart_state(rng: np.random.Generator) -> tuple[float, float]:
    """Median and sigma of the myocardium's uptake in this patient's state of fasting."""
    draw, seen = rng.random(), 0.0
    for median, sigma, share in MYOCARDIUM:
        seen += share
        if draw < seen:
            return median, sigma
    return MYOCARDIUM[-1][:2]
