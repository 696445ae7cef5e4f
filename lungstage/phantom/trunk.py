"""A person and what keeps the lungs away in, the smooth surfaces out: skin, muscular wall, cage, diaphragm, lungs, lobes."""

from __future__ import annotations

import numpy as np

from .fields import (
    NAMES,
    Build,
    Fields,
    Samples,
    diaphragm_height,
    lobe_fields,
    make_fields,
    sheet_distance,
    slow_waves,
    smooth_max,
    smooth_min,
    trunk_surface,
    union_field,
)  # fmt: skip
from .parameters import PhantomParameters, Table, read_table, trunk_numbers
from .person import Person
from .solids import Solids, ellipsoid, join, tubes, turned
from .variants import SHEET_OF

FAR_SHEET_MM, EMPTY_MM = 400.0, 20.0
"""How far off a fissure is put that has no lobe behind it any more, and how far from every point a lung is that was taken."""


def domes(person: Person, numbers: PhantomParameters) -> tuple[np.ndarray, np.ndarray]:
    """Tops of the right and left dome in the person's frame."""
    trunk, drop = trunk_numbers(), np.array([0, 0, numbers.dome_drop_mm * person.inspiration])
    right, left = (np.array([0, 0, person.variants.raised_mm[side]]) for side in ("right", "left"))
    return person.place(np.array(trunk.right_dome_mm) - drop + right), person.place(np.array(trunk.left_dome_mm) - drop + left)


def limbs(person: Person, grow_mm: float) -> Solids:
    """Neck, head, arms and legs as plain shapes, `grow_mm` wider than their muscles."""
    size, place = person.size, person.place
    parts = [
        tubes("limb", place([[0, 18, 90]]), place([[0, 0, 225]]), 52 * size + grow_mm),
        ellipsoid("limb", place((0, -12, 285)), np.array([70, 92, 105]) * size + grow_mm),
    ]
    for side in (-1, 1):
        if person.arms_up:
            arm = [[(150 * side, 22, 88)], [(182 * side, 8, 190)], [(140 * side, -20, 420)]]
        else:
            arm = [[(160 * side, 22, 78)], [(212 * side, 30, -120)], [(222 * side, -10, -400)]]
        # two bellies of muscle beside the bone, so that an arm is no cylinder
        for x, y, radius in ((4 * side, -14, (34, 33, 26)), (-3 * side, 13, (36, 32, 24))):
            wide = np.array(radius) * size + grow_mm
            belly = place(np.array(arm)[:, 0] + [x, y, 0] + np.array(person.sides.shoulders[side]))
            parts.append(tubes("limb", belly[:-1], belly[1:], wide[:-1], wide[1:]))
        parts.append(tubes("limb", place([[92 * side, 5, -520]]), place([[100 * side, 0, -800]]), 74 * size + grow_mm, 58 * size))
    return join(*parts)


def bulges(person: Person, skin_front, heights) -> Solids:
    """Breasts, or the pectoral muscles of a man, under the skin of the front."""
    size, parts = person.size, []
    front = float(np.interp(20 * person.scale[2], heights[::-1], skin_front[::-1]))
    if person.sex == "male":
        shape, out, z = np.array([50, 15 + max(person.fat_mm, 0) * 0.5, 42]), 7.0, 4
    else:
        shape, out, z = np.array([58, 22 + max(person.fat_mm, -4) * 0.9, 55]), 4.0, -28
    for side in (-1, 1):
        x = 64 * side if person.sex == "male" else 84 * side
        centre = np.array([x * person.scale[0], front + out * size, z * person.scale[2]])
        parts.append(ellipsoid("fat", centre, shape * size, turned(0, 0, 16 * side).T))
    return join(*parts)


def build_fields(
    person: Person, outline: Table, keep_out: Solids, samples: Samples, numbers: PhantomParameters, rng: np.random.Generator
) -> Fields:
    """All fields of one person; keep_out: what the lungs flow around (mediastinum, spine)."""
    (sx, sy, sz), trunk = person.scale, trunk_numbers()
    heights = outline["z"] * sz
    build = Build(person.roundness, lambda z: person.sides.at(z / sz))
    cage = trunk_surface(
        samples, heights, outline["cage_half"] * sx, outline["cage_front"] * sy * person.front, outline["cage_back"] * sy, build
    )
    skin_half = outline["skin_half"] * sx + person.fat_mm
    skin_front, skin_back = (
        outline["skin_front"] * sy * person.front - person.fat_mm * 0.8,
        outline["skin_back"] * sy + person.fat_mm * 0.3,
    )
    layer = 5.0 + max(person.fat_mm, -2) * 0.5
    flat = samples.y - trunk.back_flat * float(skin_back.max())  # the back lies on a couch
    wall = trunk_surface(
        samples, heights, np.minimum(outline["cage_half"] * sx + outline["wall_side"] * sx, skin_half - layer),
        np.maximum((outline["cage_front"] * person.front - outline["wall_front"]) * sy, skin_front + layer),
        np.minimum((outline["cage_back"] + outline["wall_back"]) * sy, skin_back - layer), build,
    )  # fmt: skip
    skin = smooth_min(
        trunk_surface(samples, heights, skin_half, skin_front, skin_back * 1.04, build),
        union_field(bulges(person, skin_front, heights), samples, 10.0, 60.0), 30.0,
    )  # fmt: skip
    skin = smooth_max(skin + trunk.skin_waves_mm * slow_waves(samples, trunk.skin_wave_length_mm, rng), flat, 18.0)
    top, bottom = samples.z - 225 * sz, -555 * sz - samples.z
    fat = 9.0 + max(person.fat_mm, -4) * 0.6
    skin = smooth_min(np.maximum(np.maximum(skin, top), bottom), union_field(limbs(person, fat), samples, 4.0, 60.0), 24.0)
    wall = smooth_min(np.maximum(np.maximum(wall, top), bottom), union_field(limbs(person, 0.0), samples, 4.0, 60.0), 14.0)
    wall = np.maximum(wall, skin + 3.0)
    cage = smooth_max(cage, samples.z - 118 * sz, 10.0)

    right_dome, left_dome = domes(person, numbers)
    # in the reference man's lengths, so that a deep or a broad chest has no deeper recess
    across = np.array([sy, sy * person.front, sx, sx])
    fall = np.array(trunk.dome_fall_per_mm) * rng.normal(1, trunk.dome_fall_sd, 4) * sz / across**2
    crura = trunk.crus_reach_mm, trunk.crus_rise
    height = diaphragm_height(samples.x[0], samples.y[0], right_dome, left_dome, fall, crura)[None]
    dy, dx = np.gradient(height[0], samples.step_mm)
    below = (samples.z - height) / np.sqrt(1 + dx**2 + dy**2)[None].astype(np.float32)

    keep = union_field(keep_out, samples, 7.0)
    lungs = [lung_field(side, person, samples, cage, keep, below) for side in (-1, 1)]
    sheets = {}
    fissures = read_table("fissures")
    for index, name in enumerate(fissures["fissure"]):
        shape = [float(fissures[column][index]) for column in ("z0", "a", "b", "c", "d", "z0_sd", "a_sd", "b_sd")]
        z0, a, b = np.array(shape[:3]) + rng.normal(0, 1, 3) * np.array(shape[5:])
        z0 -= trunk.fissures_follow * numbers.dome_drop_mm * person.inspiration
        sheets[name] = sheet_distance(samples, -1 if name.endswith("right") else 1, z0 * sz, a, b, *shape[3:5])
    for lobe in sorted(person.variants.removed):
        sheet, sign = SHEET_OF[lobe]
        sheets[sheet] = sheets[sheet] + np.float32(sign * FAR_SHEET_MM)
    for side, lung in zip(("right", "left"), lungs, strict=True):
        if person.variants.lungless == side:
            np.maximum(lung, EMPTY_MM, out=lung)
    made = {
        "skin": skin, "wall": wall, "cage": cage, "below": np.maximum(below, cage), "lung_right": lungs[0], "lung_left": lungs[1],
        **sheets, **lobe_fields(*lungs, **sheets), "lungs": np.minimum(*lungs),
    }  # fmt: skip
    made["pleura"] = pleura(person, samples, made)
    values = np.empty((len(NAMES), *samples.shape), np.float32)
    for index, name in enumerate(NAMES):
        values[index] = made[name]
    return make_fields(values, samples.origin_mm, samples.step_mm)


def pleura(person: Person, samples: Samples, made: dict[str, np.ndarray]) -> np.ndarray:
    """Negative where a fissure is seen: inside its lung, and outside the gap that an incomplete one has around the hilum."""
    gaps, parts, hilum = person.variants.gaps_mm, {}, trunk_numbers().hilum_mm
    for side, out in (("right", -1), ("left", 1)):
        x, y, z = person.place((hilum[0] * out, *hilum[1:]))
        away = np.sqrt((samples.x - x) ** 2 + (samples.y - y) ** 2 + (samples.z - z) ** 2).astype(np.float32)
        parts[side] = np.maximum(made[f"lung_{side}"], np.float32(gaps[f"oblique_{side}"]) - away)
        if side == "right":  # each place belongs to the nearer of the two sheets
            other = np.maximum(made["upper_right"], np.float32(gaps["horizontal_right"]) - away)
            nearer = np.abs(made["horizontal_right"]) < np.abs(made["oblique_right"])
            parts[side] = np.where(nearer, other, parts[side])
    return np.where(samples.x < 0, parts["right"], parts["left"])


def lung_field(side: int, person: Person, samples: Samples, cage, keep, below) -> np.ndarray:
    """One lung: inside the cage, above the diaphragm, under its cupola, outside what stands in the middle."""
    (sx, sy, sz), trunk = person.scale, trunk_numbers()
    x0, y0 = trunk.apex_mm[0] * sx * side, trunk.apex_mm[1] * sy
    forward = np.where(samples.y < y0, trunk.cupola_front / person.front, 1.0).astype(np.float32) * (samples.y - y0)
    cupola = (samples.z - trunk.apex_mm[2] * sz + 1 / trunk.cupola_mm * ((samples.x - x0) ** 2 + forward**2)) / 1.6
    lung = smooth_max(smooth_max(cage, np.minimum(cupola, 12.0), 8.0), 1.5 - side * samples.x, 4.0)
    lung = smooth_max(lung, -below, 4.0)
    return smooth_max(lung, -keep, 4.0)
