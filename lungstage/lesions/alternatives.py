"""What else could explain a spot: a vessel of the lung, a vessel full of contrast, an organ, a muscle. Reasons against it.

An alternative is not one trait among others that adds up with size: if the thing is the pulmonary artery, its size says
nothing. So each gives a probability that the thing is no lesion at all, and the reason is what that leaves of the odds.
"""

from __future__ import annotations

import numpy as np

from ..records import Normal, Reason, ShapeSamples, Study
from .around import bone_around, fat_around, fat_within, gas_around, lung_around, organ_share, region_share
from .heart_glow import p_glow_of_heart
from .malignancy import compactness
from .parameters import SearchParameters
from .rising import rising
from .scene import IN_LUNG, SPREAD_OUT
from .search import Search
from .spots import Spot
from .survey import Survey, depth_below_wall_mm, hilum_distance_mm, nodal_nearness
from .traits import Traits
from .uptake import line_of_uptake

VESSEL = "no thicker than a vessel here"
LARGEST = 0.99
OWN = {"liver": "liver", "bone": "vertebra"}
"""A hot lesion of an organ lies in it: that organ, by its healthy uptake, is no other explanation."""
BESIDE = {"adrenal": ("kidney_right", "kidney_left")}
"""What lies so near to a small organ that what is taken for it may be this."""
IN_FAT = ("axilla_right", "axilla_left", "breast_right", "breast_left", "chest_wall_right", "chest_wall_left", "back", "neck",
          "arm_right", "arm_left", "abdominal_wall")  # fmt: skip
"""Where neither gut nor ureter lie in fat."""


def alternatives(
    kind: str, spot: Spot, samples: ShapeSamples, points: np.ndarray, traits: Traits, regional: bool, survey: Survey
) -> dict[str, tuple[float, float]]:
    """Name of each alternative to what was measured, and the probability it gives that this is no lesion.

    points      (n, 3) LPS mm, spread over the shape
    traits      what was measured of it
    regional    a station of the lung's nodes is near
    """
    numbers, study = survey.numbers.search, survey.study
    index = index_of(points, study)
    enhanced = float(np.median(study.ct.values[index]))
    bloodless = {}
    # neither vessel nor organ is as thin as ground glass, and what has air-filled lung all around is no organ
    glass, surrounded = traits.density["ground_glass"] if kind == "pulmonary" else 0.0, 0.0
    if kind != "bone":  # which is bright by itself
        bright = rising(enhanced, numbers.contrast_hu, numbers.contrast_blur_hu)
        bloodless["as bright as blood with contrast"] = (enhanced, bright)
    if kind in IN_LUNG and kind not in SPREAD_OUT:  # by nature these lie flat on the wall
        inside = float((survey.lungs.hull[index] > 0).mean())
        bloodless |= in_the_lung(spot, points, inside, float(np.median(samples.longest_mm)), survey)
        ratio, vessel = bloodless[VESSEL]
        bloodless[VESSEL] = (ratio, vessel * (1.0 - hot_ball(traits, numbers)) * (1.0 - glass))
        fat, lung = fat_within(study.ct.values[index]), lung_around(survey, samples)
        surrounded = rising(lung, numbers.lung_around, numbers.lung_around_blur)
        bloodless["mostly fat, as a pad beside the heart"] = (fat, rising(fat, numbers.fat_share, numbers.fat_blur))
        if kind == "pulmonary":
            bloodless["little of it in the lung"] = (
                lung, numbers.bare_share * rising(-lung, -numbers.bare_lung, numbers.bare_blur)
            )  # fmt: skip
    if kind == "node":
        # in the hull, where the nodes of the bronchi lie, vessels are as dense and mostly as thick
        ratio, inside = thickness_over_vessel(spot, points, survey), float((survey.lungs.hull[index] > 0).mean())
        vessel = rising(-ratio, -numbers.vessel_ratio, numbers.vessel_ratio_blur) * (1.0 - hot_ball(traits, numbers))
        bloodless[VESSEL] = (ratio, numbers.node_vessel_share * inside * vessel)
    over_blood = mean_over_blood(traits, survey.normal)
    # what holds blood or nothing at all is no hotter than blood
    cool = (
        1.0 if over_blood is None else rising(-np.log(max(over_blood, 1e-3)), -np.log(numbers.hot_over_blood), numbers.hot_blur)
    )
    found = {name: (value, p * cool) for name, (value, p) in bloodless.items()}
    if kind in ("node", "pulmonary") and over_blood is not None:
        short_mm, near = traits.short_axis_mm.q50, nodal_nearness(survey, points.mean(axis=0))
        # veins that thick run where the nodes of the stations lie
        vessel = p_great_vessel(over_blood, short_mm, numbers) * near
        if kind == "pulmonary":
            # elsewhere what is wide, cold and not in the lung is a fold of the mediastinum, a pad or fluid
            wide = p_great_vessel(over_blood, short_mm - numbers.great_vessel_wider_mm, numbers)
            vessel = max(vessel, wide) * (1.0 - glass) * (1.0 - surrounded)
        found["no hotter than blood, and as thick as a great vessel"] = (over_blood, numbers.great_vessel_share * vessel)
    # uptake that no physiology of the place explains is seldom what a healthy organ shows
    usual = 1.0 if traits.suv_max is None or survey.normal.z_pet is None else traits.p_physiological
    if kind in IN_LUNG and traits.suv_max is not None and not spot.isolated:  # the wall of a heart is no island
        usual = max(usual, p_glow_of_heart(traits.suv_max, points, survey))
    left = numbers.hot_alternative + (1.0 - numbers.hot_alternative) * usual
    if kind == "pulmonary":  # which inflammation makes as hot as tumour
        found["air all through it"] = aerated(traits, numbers)
    enclosed = traits.p_enclosed if kind == "adrenal" else 0.0
    organ = organ_share(survey.anatomy, points, beside=BESIDE.get(kind, ()))
    if kind in OWN:
        organ = usual * organ + (1.0 - usual) * organ_share(survey.anatomy, points, OWN[kind])
    found["an organ lies here"] = (organ, organ * left * (1.0 - glass) * (1.0 - surrounded) * (1.0 - enclosed))
    if kind == "adrenal":
        spine = bone_around(survey, samples)
        against = numbers.against_spine_share * rising(spine, numbers.against_spine, numbers.against_spine_blur)
        found["against the spine, as psoas and crura"] = (spine, left * against)
    return found | in_soft_tissue(kind, spot, samples, points, left, regional, survey)


def in_soft_tissue(
    kind: str, spot: Spot, samples: ShapeSamples, points: np.ndarray, left: float, regional: bool, survey: Survey
) -> dict[str, tuple[float, float]]:
    """What a spot outside of the lungs could be instead: muscle, gut, oesophagus or ureter, brown fat.

    left       what its uptake leaves of the probability of being healthy
    regional   a station of the lung's nodes is near
    """
    numbers, study, found, bare = survey.numbers.search, survey.study, {}, 0.0
    hu = study.ct.values[index_of(points, study)]
    if kind in ("node", "soft_tissue"):
        fat = fat_around(study, samples)
        bare = rising(-fat, -numbers.embedded_share, numbers.embedded_blur)
        found["not embedded in fat or lung"] = (fat, left * bare)
    if kind in ("node", "soft_tissue") and spot.suv is not None and study.pet is not None:
        ratio, upright = line_of_uptake(study.pet, points.mean(axis=0))
        line = rising(ratio, numbers.line_ratio, numbers.line_blur) * (upright > numbers.line_upright)
        found["a line of uptake along the body"] = (ratio, numbers.line_share * line)
        found["uptake of fat without a node in it"] = brown_fat(hu, numbers)
    if kind in ("soft_tissue", "adrenal") or kind == "node" and not regional:
        gas = gas_around(survey, samples)
        found["gas of the gut beside it"] = (gas, numbers.gut_share * rising(gas, numbers.gut_gas, numbers.gut_gas_blur))
    blood = survey.normal.blood_suv
    if (kind == "soft_tissue" or kind == "node" and not regional) and spot.found_by == "focus" and blood is not None:
        # a focus was taken up because it is hot, so heat alone says little: muscle, brown fat and joints are hot far more often
        ratio = spot.suv / blood.q50
        harmless = numbers.harmless_share * rising(-np.log(ratio), -np.log(numbers.harmless_over_blood), numbers.harmless_blur)
        harmless *= 1.0 - numbers.lone_share * (1.0 - bare) * lone(float(np.median(hu)), samples, points, survey)
        found["as hot as muscle, brown fat or joints can be"] = (ratio, harmless)
    return found


def index_of(points: np.ndarray, study: Study) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the voxels of the CT at points (n, 3)."""
    return tuple(np.rint(study.ct.grid.to_index(points)).astype(int).clip(0, np.array(study.ct.grid.shape) - 1).T)


def hot_ball(traits: Traits, numbers: SearchParameters) -> float:
    """P(no vessel, however thin): as compact as a ball, and its hottest place hotter than blood. The mean of a small thing says
    less, because PET draws what is around it into it."""
    if traits.uptake_over_blood is None or traits.uptake_over_blood <= 0:
        return 0.0
    ball = rising(compactness(traits), numbers.hot_ball, numbers.hot_ball_blur)
    return ball * rising(np.log(traits.uptake_over_blood), np.log(numbers.hot_ball_over_blood), numbers.hot_blur)


def aerated(traits: Traits, numbers: SearchParameters) -> tuple[float, float]:
    """How much less dense than a solid lesion of its size it is (HU), and P(lung that is full of something, but not quite).

    Ground glass says so itself; a part-solid lesion or one with a cavity has air where the rest has none.
    """
    from_mm, told_mm = numbers.density_told_mm
    longest_mm = max(traits.longest_mm.q50, from_mm)
    told = min((longest_mm - from_mm) / (told_mm - from_mm), 1.0)
    missing = numbers.tissue_hu - numbers.rim_hu_mm / longest_mm - traits.hu_mean
    p = numbers.aerated_share * traits.density["solid"] * rising(missing, numbers.aerated_hu, numbers.aerated_blur_hu)
    return missing, p * told


def brown_fat(hu: np.ndarray, numbers: SearchParameters) -> tuple[float, float]:
    """Share of fat in what is hot, from its HU (n), and P(brown fat): a node is soft tissue, blur makes little of it fat."""
    fatty = fat_within(hu)
    return fatty, numbers.brown_share * rising(fatty, numbers.brown_fat, numbers.brown_fat_blur)


def p_great_vessel(over_blood: float, short_axis_mm: float, numbers: SearchParameters) -> float:
    """P(blood fills it): its mean uptake is no more than blood's, and it is as thick as vessels of the mediastinum are.

    Without contrast a vena cava is as dense as a node. A cold node that large is rare; what is smaller may be a node whose
    uptake PET has blurred away.
    """
    cold = rising(-np.log(max(over_blood, 1e-3)), -np.log(numbers.great_vessel_over_blood), numbers.great_vessel_blur)
    return cold * rising(short_axis_mm, numbers.great_vessel_mm, numbers.great_vessel_blur_mm)


def mean_over_blood(traits: Traits, normal: Normal) -> float | None:
    """Mean uptake over that of blood, which relative units are multiples of already; None without PET."""
    if traits.suv_mean is None:
        return None
    return traits.suv_mean / (normal.blood_suv.q50 if normal.blood_suv is not None else 1.0)


def lone(hu: float, samples: ShapeSamples, points: np.ndarray, survey: Survey) -> float:
    """P(round, of soft tissue, and where it would be a node or deposit): brown fat is fat, muscle lies in muscle and is long."""
    numbers = survey.numbers.search
    soft = rising(hu, numbers.lone_hu, numbers.lone_blur_hu)
    ball = rising(roundness(samples), numbers.lone_roundness, numbers.lone_roundness_blur)
    return soft * ball * region_share(survey.anatomy, points, IN_FAT)


def in_the_lung(
    spot: Spot, points: np.ndarray, inside: float, longest_mm: float, survey: Survey
) -> dict[str, tuple[float, float]]:
    """What a spot of the lung could be instead: a vessel, the wall, a fold of it, the rim of the mediastinum.

    inside   share of its points in the hull
    """
    numbers = survey.numbers.search
    thickness, ratio = thickness_mm(spot, survey.search), thickness_over_vessel(spot, points, survey)
    deepest = float(depth_below_wall_mm(survey, points).max())
    flat, rim = deepest / thickness, deepest / max(longest_mm, 1.0)
    return {
        VESSEL: (ratio, rising(-ratio, -numbers.vessel_ratio, numbers.vessel_ratio_blur)),
        "mostly outside of the lungs": (inside, rising(-inside, -numbers.inside_share, numbers.inside_blur)),
        "flat on the wall of the chest": (flat, rising(-flat, -numbers.wall_depth, numbers.wall_depth_blur)),
        "a rim of chest wall or mediastinum": (rim, numbers.rim_share * rising(-rim, -numbers.rim_depth, numbers.rim_depth_blur)),
    }


def alternative_reasons(found: dict[str, tuple[float, float]], log_odds: float) -> tuple[Reason, ...]:
    """The reasons, in turn: each takes its share of what the ones before it have left."""
    reasons = []
    for name, (value, p) in found.items():
        p = min(p, LARGEST)
        left = (1.0 - p) / (1.0 + np.exp(-log_odds))
        change = float(np.log(left / (1.0 - left)) - log_odds)
        if change < -0.02:
            reasons.append(Reason(name, float(value), change))
            log_odds += change
    return tuple(reasons)


def roundness(samples: ShapeSamples) -> float:
    """Diameter of the ball of the same volume over the longest diameter, in the median."""
    ball = np.cbrt(6.0 * np.asarray(samples.volume_ml) * 1000.0 / np.pi)
    return float(np.median(ball / np.maximum(samples.longest_mm, 1.0)))


def thickness_over_vessel(spot: Spot, points: np.ndarray, survey: Survey) -> float:
    """Radius of the largest ball inside the spot over that of the largest vessel expected where its points (n, 3) lie."""
    hilum_mm = hilum_distance_mm(survey, points.mean(axis=0))
    return thickness_mm(spot, survey.search) / vessel_radius_mm(hilum_mm, survey.numbers.search)


def vessel_radius_mm(hilum_mm: float, numbers: SearchParameters) -> float:
    """Radius of the largest vessel of the lung expected at this distance from the hilum."""
    fall = float(np.exp(-((hilum_mm / numbers.hilum_reach_mm) ** 2)))
    return numbers.vessel_periphery_mm + (numbers.vessel_hilum_mm - numbers.vessel_periphery_mm) * fall


def thickness_mm(spot: Spot, search: Search) -> float:
    """Radius of the largest ball inside the spot."""
    if not len(spot.blocks):
        return spot.radius_mm
    from ..kernels.distance import squared_distance_mm2

    low = spot.blocks.min(axis=0) - 1
    mask = np.zeros(spot.blocks.max(axis=0) - low + 2, bool)
    mask[tuple((spot.blocks - low).T)] = True
    return float(np.sqrt(squared_distance_mm2(~mask, search.grid.spacing_mm, np.inf).max()))
