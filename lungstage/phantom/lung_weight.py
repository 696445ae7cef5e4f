"""An anatomy in, the CT number of its lung tissue out: what lungs of a person of this height weigh, over the room they fill.

A breath adds air and no tissue, so that small lungs are dense and large ones are not. Vessels and bronchi that are drawn weigh
their share; what is left is spread over the rest, denser to the back and to the feet around the middle of the lungs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .anatomy import Anatomy
from .distance import CENTRE, END, RADII
from .fields import FIELD
from .parameters import PhantomParameters, read_table
from .physiology import Physiology
from .solids import Solids
from .streams import stream

AIR_HU = -1000.0


def weigh_lungs(seed: int, anatomy: Anatomy, physiology: Physiology, numbers: PhantomParameters) -> Physiology:
    """The same physiology with the lung tissue of this patient's lungs; as it is where no lung is left."""
    inside = anatomy.fields.values[FIELD["lungs"]] < 0
    if not inside.any():
        return physiology
    volume_ml = float(inside.sum()) * anatomy.fields.step_mm**3 / 1000
    tissues, drawn = physiology.tissues, {name: drawn_ml(anatomy, name) for name in ("lung_vessel", "airway_wall", "airway")}
    drawn["airway_wall"] -= drawn["airway"]  # a wall is drawn as a full tube, the air inside over it
    heavy_g = sum(ml * grams_per_ml(tissues[name].hu) for name, ml in drawn.items())
    rest_ml = volume_ml - sum(drawn.values())
    mean_hu = AIR_HU + 1000 * (lung_weight_g(seed, anatomy, numbers) - heavy_g) / rest_ml
    lung = tissues["lung"]
    at_carina = np.clip(mean_hu, *numbers.lung_hu_limits) - to_middle_hu(anatomy, inside, physiology)
    return replace(physiology, tissues={**tissues, "lung": replace(lung, hu=float(at_carina))})


def lung_weight_g(seed: int, anatomy: Anatomy, numbers: PhantomParameters) -> float:
    """What the lungs of this person weigh, blood included, on a CT: grams. A lobe that was taken weighs nothing any more."""
    base, per_cm = numbers.lung_weight_g
    normal = max(base + per_cm * anatomy.person.height_cm, numbers.least_lung_weight_g) * anatomy.person.broad
    off = float(np.clip(stream(seed, "lung weight").normal(), -2, 2))
    feeds = [lobe for lobe in read_table("airways")["lobe"] if lobe]
    left = np.mean([lobe not in anatomy.person.variants.removed for lobe in feeds])  # by segments, as surgeons reckon
    return float(normal * np.exp(numbers.lung_weight_sigma * off) * left)


def grams_per_ml(hu: float) -> float:
    """Density of a tissue by its CT number: water 1, air 0."""
    return (hu - AIR_HU) / 1000


def drawn_ml(anatomy: Anatomy, tissue: str) -> float:
    """Volume of the tubes of a tissue whose middle lies in a lung."""
    tubes: Solids = anatomy.lungs.of(tissue)
    first, last = tubes.rows[:, CENTRE : CENTRE + 3], tubes.rows[:, END : END + 3]
    held = anatomy.fields.at("lungs", (first + last) / 2) < 0 if len(tubes) else np.zeros(0, bool)
    areas = np.pi * (tubes.rows[:, RADII : RADII + 2].mean(axis=1)) ** 2
    return float((areas * np.linalg.norm(last - first, axis=1))[held].sum()) / 1000


def to_middle_hu(anatomy: Anatomy, inside: np.ndarray, physiology: Physiology) -> float:
    """How much denser the middle of the lungs is than the height and depth of the carina, by the gradients."""
    z, y, _ = (
        float(np.average(np.arange(count), weights=inside.sum(axis=others))) * anatomy.fields.step_mm
        for count, others in zip(inside.shape, ((1, 2), (0, 2), (0, 1)), strict=True)
    )
    _, y0, z0 = anatomy.fields.origin_mm
    return physiology.lung_hu_per_mm * (y + y0) + physiology.lung_hu_per_mm_up * (z + z0)
