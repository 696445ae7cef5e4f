"""Study and its map in, Lesions out: candidates of every kind with shape, size, place, contacts and P(malignant).

Detectors look on coarse blocks, each for its own kind (nodules and masses, nodes, PET foci); the same thing seen twice is
merged; each candidate that is left is then looked at on its own box. High recall: probability does the rest.
Numbers: priors/parameters/lesions.toml, shape.toml, malignancy.toml, and priors/contacts.csv.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..geometry import Grid
from ..kernels.threads import side_by_side
from ..records import Anatomy, Contact, Lesion, Lesions, Lungs, Normal, Place, Reason, ShapeSamples, Skeleton, Study
from .adrenals import find_adrenals
from .alternatives import alternative_reasons, alternatives
from .around import p_enclosed
from .breath import Breath, blocks_moved, breath_of, displaced_mm, lies_in_air, with_uptake_at_home
from .candidate import Candidate
from .contacts import measure_contacts
from .given import GIVEN, find_marked
from .glass import find_glass
from .kinds import candidate_of
from .malignancy import judge, p_malignant
from .nodes import find_nodes
from .nodules import find_nodules
from .parameters import LesionParameters, SearchParameters, load_lesion_parameters
from .place import place_of
from .scene import IN_LUNG, SPREAD_OUT
from .search import Search
from .shape import sample_shape
from .spots import Spot, as_blocks, as_set
from .survey import Survey, carina_distance_mm, depth_below_wall_mm, hilum_distance_mm, nodal_nearness, slice_at, survey_patient
from .traits import Traits, measure_traits
from .uptake import find_foci, p_symmetric, without_cold

POINTS_AT_MOST = 400
JUDGED_FROM = 0.03
"""A lesion is judged as every kind that it is with at least this probability."""
PET_BLUR_MM, FOCUS_REACH_MM = 6.0, 15.0
SAME_PLACE = 0.3
"""Of the smaller one's diameter: centres nearer than this are one thing."""
SAME_LOG_ODDS = 2.0
"""What is so much more suspicious than that in which it lies is another thing."""
LARGE_FOCUS_MM, LARGER = 9.0, 1.5
"""Small foci look larger than they are; one of more than this radius is no spot of the CT so much smaller."""


def find_lesions(
    study: Study,
    lungs: Lungs,
    skeleton: Skeleton,
    anatomy: Anatomy,
    normal: Normal,
    parameters: LesionParameters | None = None,
) -> Lesions:
    """What does not look healthy, most suspicious (of the lesion alone) first."""  # fmt: skip
    numbers = parameters or load_lesion_parameters()
    survey = survey_patient(study, lungs, skeleton, anatomy, normal, numbers)
    marked, notes = find_marked(survey)
    given = [lesion for one in marked if (lesion := lesion_of(one.candidate, one.spot, one.samples, survey)) is not None]

    def look(spot: Spot) -> Lesion | None:
        candidate = candidate_of(spot, survey.search, anatomy, nodal_nearness(survey, spot.centre_mm), numbers)
        return None if candidate is None else look_closely(candidate, spot, survey)

    hot, cold = [], []
    spots = find_spots(survey)
    for spot, lesion in zip(spots, side_by_side(look, spots), strict=True):
        if lesion is not None and not any(holds(lesion, other) for other in given):
            (cold if spot.suv is None else hot).append(lesion)
    kept = without_twins(hot, given)
    seats = int(numbers.search.candidates_at_most)
    found = given + seated(kept[len(given) :], without_twins(cold, kept)[len(kept) :], seats - len(given))
    found = most_suspicious_first(found)
    return Lesions(tuple(replace(lesion, id=f"L{k}") for k, lesion in enumerate(found, start=1)), notes)


def seated(hot: list[Lesion], cold: list[Lesion], seats: int) -> list[Lesion]:
    """So many: those with uptake first, but a quarter is for what is cold, as ground glass is; of each the most suspicious."""
    for_cold = min(len(cold), max(seats - len(hot), seats // 4))
    return most_suspicious_first(hot)[: max(0, seats - for_cold)] + most_suspicious_first(cold)[:for_cold]


def most_suspicious_first(lesions: list[Lesion]) -> list[Lesion]:
    """By what is known of each alone; equals in an order of their own."""
    return sorted(lesions, key=lambda lesion: (-lesion.p_malignant, -lesion.longest_diameter_mm.q50, lesion.centre_mm))


def find_spots(survey: Survey) -> list[Spot]:
    """What every detector wants looked at, each thing once."""
    numbers = survey.numbers.search
    foci = find_foci(survey.study, survey.normal, survey.search, numbers)
    lung = find_nodules(survey.search, numbers)
    glass = find_glass(survey.search, [one for one in lung if len(one.blocks)], numbers)
    masses = [one for one in lung if one.found_by == "mass"]
    others = [one for one in lung if one.found_by != "mass"] + glass
    if survey.study.pet is not None:
        masses = [part for mass in masses for part in without_cold(mass, foci, survey.study.pet, survey.search, numbers)]
    breath = breath_of(survey.study, survey.lungs, numbers) if foci else None
    tissue = find_nodes(survey.search, survey.anatomy, numbers) + find_adrenals(survey.search, survey.anatomy, numbers)
    spots = merged(foci, masses + others, tissue, survey, breath)
    return [replace(spot, spill=spill_of(spot, foci, survey.search)) for spot in spots]


def spill_of(spot: Spot, foci: list[Spot], search: Search) -> np.ndarray:
    """(n, 3) blocks of the foci that are not this spot's own, where they lie once its PET is moved back."""
    blocks = np.concatenate([np.empty((0, 3), int), *(focus.blocks for focus in foci if focus.suv != spot.suv)])
    return blocks_moved(blocks, -spot.moved_mm, search)


def merged(foci: list[Spot], lung: list[Spot], tissue: list[Spot], survey: Survey, breath: Breath | None) -> list[Spot]:
    """One spot a thing, at most `looks_at_most`: the hottest `candidates_at_most` first, then masses by volume, nodules
    and nodes in turn, and the few that may be adrenals.

    A focus over a spot of the CT becomes that spot, with its uptake; spots of the CT keep the place, because CT is sharper.
    """
    numbers = survey.numbers.search
    masses, foci = told_apart([one for one in lung if len(one.blocks)], foci, numbers)
    spots = [mass for mass in masses if mass.suv is not None]
    structures = [*(mass for mass in masses if mass.suv is None), *(one for one in lung if not len(one.blocks)), *tissue]
    used: set[int] = set()
    for focus in foci:
        moved = [displaced_mm(focus, one, breath) for one in structures]
        apart = [focus.centre_mm - one.centre_mm - by for one, by in zip(structures, moved, strict=True)]
        away = np.linalg.norm(np.reshape(apart, (-1, 3)), axis=1)
        reach = min(max(focus.radius_mm, PET_BLUR_MM), FOCUS_REACH_MM)
        # a dense part under a focus was told before; here it may be one that a breath has carried away from under it
        alone = lies_in_air(focus, survey.search, numbers.focus_tissue)
        near = [
            i
            for i, one in enumerate(structures)
            if i not in used
            and (
                not len(one.blocks)
                or one.found_by == "adrenal"
                or (alone and one.found_by == "mass" and one.radius_mm <= 2.0 * reach)
            )
            and away[i] <= max(one.radius_mm, reach)
            and (focus.radius_mm <= LARGE_FOCUS_MM or focus.radius_mm <= LARGER * one.radius_mm)
        ]
        if near:
            # of two the one that a smaller breath explains
            best = min(near, key=lambda i: np.hypot(away[i], 0.5 * np.linalg.norm(moved[i])))
            used.add(best)
            hot = blocks_moved(focus.blocks, -moved[best], survey.search)
            ours = dict(suv=focus.suv, hot=hot, beside=focus.beside, isolated=focus.isolated, moved_mm=moved[best])
            spots.append(replace(structures[best], **ours))
        else:
            spots.append(focus)
    spots = sorted(spots, key=lambda one: -(one.suv or 0.0))[: int(numbers.candidates_at_most)]
    cold = {
        name: [one for i, one in enumerate(structures) if i not in used and one.found_by == name]
        for name in ("mass", "glass", "nodule", "node", "adrenal")
    }
    glass = sorted(cold.pop("glass"), key=lambda one: -one.score)[: int(numbers.glass_at_most)]
    adrenals = cold.pop("adrenal")
    room = max(0, int(numbers.looks_at_most) - len(spots) - len(glass) - len(adrenals))
    thirds = {"mass": room // 3, "nodule": room // 3, "node": room - 2 * (room // 3)}
    chosen = {name: sorted(cold[name], key=lambda one: -one.score)[: thirds[name]] for name in cold}
    for name, ones in cold.items():  # what one detector does not need the others may have
        spare = room - sum(map(len, chosen.values()))
        more = sorted(ones, key=lambda one: -one.score)[len(chosen[name]) :]
        chosen[name] = chosen[name] + more[:spare]
    return [*spots, *chosen["mass"], *glass, *chosen["nodule"], *chosen["node"], *adrenals]


def told_apart(masses: list[Spot], foci: list[Spot], numbers: SearchParameters) -> tuple[list[Spot], list[Spot]]:
    """Masses, hot where a focus fills them, without the small foci that lie in them; and the foci that are left, hottest first.

    A hot node beside a tumour or the heart is part of the same dense part of the CT; the PET tells them apart.
    """
    foci = sorted(foci, key=lambda one: -(one.suv or 0.0))
    hot = [as_set(focus.blocks) for focus in foci]
    left = dict(enumerate(foci))
    kept = []
    for mass in masses:
        own = as_set(mass.blocks)
        inside = [i for i in left if 2 * len(hot[i] & own) > min(len(hot[i]), len(own))]
        filling = next((i for i in inside if len(hot[i]) >= numbers.focus_of_mass * len(own)), None)
        small = [i for i in inside if i != filling]
        rest = own.difference(*(hot[i] for i in small))
        for i in small:
            left[i] = replace(left[i], beside=as_blocks(own - hot[i]))
        if filling is not None:
            focus = left.pop(filling)
            mass = replace(mass, suv=focus.suv, hot=focus.blocks, isolated=focus.isolated)
        if rest:
            taken = np.concatenate([mass.beside, as_blocks(own - rest)])
            kept.append(replace(mass, blocks=as_blocks(rest), beside=taken))
    return kept, list(left.values())


def look_closely(candidate: Candidate, spot: Spot, survey: Survey) -> Lesion | None:
    """One candidate measured and judged; None where no shape holds."""
    survey = replace(survey, study=with_uptake_at_home(survey.study, spot.moved_mm))
    return lesion_of(candidate, spot, sample_shape(survey.study, survey.normal, candidate, survey.numbers.shape), survey)


def lesion_of(candidate: Candidate, spot: Spot, samples: ShapeSamples, survey: Survey) -> Lesion | None:
    """A candidate of these shapes measured and judged; None where no shape holds."""
    numbers, study, normal = survey.numbers, survey.study, survey.normal
    index = np.argwhere(samples.probability() >= 0.5)
    if not len(index):
        return None
    points = samples.box.to_mm(index[:: max(1, len(index) // POINTS_AT_MOST)])
    centre = samples.box.to_mm(index.mean(axis=0))
    p_node = candidate.p_kind.get("node", 0.0)
    place = place_of(points, candidate.kind, survey.lungs, survey.anatomy, p_node, numbers.malignancy)
    traits = measure_traits(study, normal, candidate, samples, numbers.traits)
    traits = with_context(traits, candidate, place, centre, samples, survey)
    judged = {
        name: judged_as(name, spot, traits, place.station is not None, samples, points, survey)
        for name, share in candidate.p_kind.items()
        if share >= JUDGED_FROM or name == candidate.kind
    }
    base, reasons = judged[candidate.kind]
    as_other = {name: b + sum(r.log_odds for r in rs) for name, (b, rs) in judged.items() if name != candidate.kind}
    return Lesion(
        "L0", candidate.kind, candidate.p_kind, tuple(map(float, centre)), slice_at(study, centre), place,
        traits.longest_mm, traits.short_axis_mm, traits.solid_mm, traits.volume_ml, traits.density, traits.hu_mean,
        traits.suv_max, traits.suv_mean, traits.suv_unit, contacts_of(candidate, spot, place, samples, survey), base, reasons,
        p_malignant(base, reasons), samples, distances_mm=traits.distances_mm, log_odds_as=as_other,
    )  # fmt: skip


def judged_as(
    kind: str, spot: Spot, traits: Traits, regional: bool, samples: ShapeSamples, points: np.ndarray, survey: Survey
) -> tuple[float, tuple[Reason, ...]]:
    """Base log-odds and reasons if it is of this kind: its traits, then what else it could be."""
    base, reasons = judge(kind, traits, parameters=survey.numbers.malignancy)
    others = alternatives(kind, spot, samples, points, traits, regional, survey)
    log_odds = base + sum(reason.log_odds for reason in reasons)
    against = alternative_reasons(others, log_odds)
    if spot.found_by == GIVEN:
        real = survey.numbers.search.given_real
        left = alternative_reasons({name: (value, p * (1.0 - real)) for name, (value, p) in others.items()}, log_odds)
        back = sum(reason.log_odds for reason in left) - sum(reason.log_odds for reason in against)
        against = (*against, Reason("marked as a lesion by others", None, back))
    return base, (*reasons, *against)


def contacts_of(candidate: Candidate, spot: Spot, place: Place, samples: ShapeSamples, survey: Survey) -> tuple[Contact, ...]:
    """What a lesion touches, if it is one that could be a primary or lies on the pleura."""
    if candidate.kind not in IN_LUNG and candidate.p_kind.get("pulmonary", 0.0) < 0.1:
        return ()
    lobes = place.region if candidate.kind == "pulmonary" else {}
    return measure_contacts(samples, lobes, spot.spill, survey)


def with_context(
    traits: Traits, candidate: Candidate, place: Place, centre: np.ndarray, samples: ShapeSamples, survey: Survey
) -> Traits:
    """The traits that need the map of the patient."""
    upper = sum(place.region.get(f"{side}_upper_lobe", 0.0) for side in ("right", "left"))
    distances = {
        "carina": carina_distance_mm(survey, centre),
        "hilum": hilum_distance_mm(survey, centre),
        "pleura": float(depth_below_wall_mm(survey, centre[None])[0]),
    }
    station = max(place.station, key=place.station.get) if place.station else None
    return replace(
        traits, p_upper_lobe=upper if candidate.kind == "pulmonary" else None,
        distances_mm={**traits.distances_mm, **distances}, station=station, region=place.region,
        p_enclosed=p_enclosed(samples, survey) if "adrenal" in candidate.p_kind else 0.0,
        p_symmetric=p_symmetric(survey.study.pet, survey.anatomy.frame, centre, traits.longest_mm.q50, traits.suv_max),
    )  # fmt: skip


def without_twins(lesions: list[Lesion], kept: list[Lesion]) -> list[Lesion]:
    """`kept`, and those whose shape does not lie mostly inside a kept or larger one's: the same thing seen twice.

    Foci are kept before what only the CT shows: a hot node that a large dense part has swallowed is still a node.
    """
    kept = list(kept)
    for lesion in sorted(lesions, key=lambda one: -one.volume_ml.q50):
        if not any(swallows(other, lesion) or concentric(lesion, other) for other in kept):
            kept.append(lesion)
    return kept


def swallows(large: Lesion, small: Lesion) -> bool:
    """Whether the small one is a part of the large one: not a hot node in a fold of the mediastinum or in fluid, which are
    other things around it."""
    hotter = small.suv_max is not None and small.log_odds - large.log_odds > SAME_LOG_ODDS
    apart = large.kind in SPREAD_OUT or hotter
    return not apart and overlap(small, large) > 0.5


def concentric(one: Lesion, other: Lesion) -> bool:
    """Whether two lie in the same place whatever their shapes, as a node that one detector saw from the side of the lung."""
    apart = float(np.linalg.norm(np.subtract(one.centre_mm, other.centre_mm)))
    return apart < SAME_PLACE * min(one.longest_diameter_mm.q50, other.longest_diameter_mm.q50)


def holds(found: Lesion, given: Lesion) -> bool:
    """Whether something found is a given lesion with more around it, rather than what the given lesion lies in."""
    return found.kind not in SPREAD_OUT and overlap(given, found) > 0.5


def overlap(small: Lesion, large: Lesion) -> float:
    """Share of the small one's median shape that lies in the large one's."""
    box = large.samples.box
    if not boxes_meet(small.samples.box, box):
        return 0.0
    points = small.samples.box.to_mm(np.argwhere(small.samples.probability() >= 0.5))
    index = np.rint(box.to_index(points)).astype(int)
    inside = np.all((index >= 0) & (index < box.shape), axis=1)
    if not inside.any():
        return 0.0
    return float((large.samples.probability()[tuple(index[inside].T)] >= 0.5).sum() / len(points))


def boxes_meet(one: Grid, other: Grid) -> bool:
    """Whether two boxes can share a point: False only where the balls around them do not."""
    middles = [box.to_mm((np.array(box.shape) - 1) / 2) for box in (one, other)]
    reach = sum(0.5 * np.linalg.norm(np.array(box.shape) * box.spacing_mm) for box in (one, other))
    return bool(np.linalg.norm(middles[0] - middles[1]) <= reach)
