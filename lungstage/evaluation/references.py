"""One patient in, what three simple readers would say of him out: the references beside every score.

prior              always the same answer: the network's own prior, whoever is scanned
rules              hard rules on the best lesion: the most probable primary and every lesion called malignant, by the tables
true descriptors   the network fed with the lesions as they are: the best it can do, whatever the images
"""

from __future__ import annotations

from ..errors import ImpossibleRequest
from ..records import Lesions
from ..staging import infer_staging
from ..tnm import EDITIONS, describe_tnm
from .answers import FoundLesion, PatientAnswer
from .calls import Call, Words, call_of_joint, call_of_staging, call_of_words
from .descriptors import described
from .parameters import Yardstick
from .prior import prior_joint
from .truths import PatientTruth

SITES = {"pleural": "pleural_nodules", "effusion": "pleural_eff"}
"""What a lesion of a kind is called among the metastases of the rules; every other kind is a site by its own name."""


def references_of(truth: PatientTruth, answer: PatientAnswer, in_scan, yardstick: Yardstick) -> dict[str, dict[int, Call]]:
    """Method -> edition -> Call."""
    result = {"prior": {edition: call_of_joint(prior_joint(edition, yardstick.network), edition, yardstick.network)
                        for edition in EDITIONS}}  # fmt: skip
    if answer.editions:
        result["rules"] = {edition: call_of_words(hard_rules(answer, edition, yardstick)) for edition in EDITIONS}
    if (lesions := described(truth, in_scan, yardstick.network)) is not None:
        coverage = truth.coverage or answer.coverage
        pet = coverage if answer.coverage_pet is not None else None
        staging = infer_staging(Lesions(lesions), coverage, parameters=yardstick.network, coverage_pet=pet, explain=False)
        result["true descriptors"] = {edition: call_of_staging(staging.editions[edition]) for edition in EDITIONS}
    return result


def hard_rules(answer: PatientAnswer, edition: int, yardstick: Yardstick) -> Words:
    """T, N, M and stage by the tables, from medians and from what is called malignant."""
    limit = yardstick.numbers.called_from
    best = max(answer.primary, key=answer.primary.get, default="none")
    primary = next((lesion for lesion in answer.lesions if lesion.id == best), None)
    others = [lesion for lesion in answer.lesions if lesion.p_malignant >= limit and lesion is not primary]
    if primary is None:
        size = {"features": ["no_primary"]}
        side = side_of(others[0]) if others else None
    else:
        features = [yardstick.network.features[name][0] for name, p in primary.contacts.items() if p >= limit]
        features += [feature for one in others if (feature := feature_beside(one, primary))]
        size = {"size_mm": primary.longest_diameter_mm.q50, "solid_mm": solid_of(primary), "features": features}
        side = side_of(primary)
    said = describe_tnm(
        **size, stations=sorted({likeliest(one.station) for one in others if one.kind == "node" and one.station}), side=side,
        metastases=sites_of(others, primary), edition=edition, priors=yardstick.priors,
    )  # fmt: skip
    return Words(said.t, said.n, said.m, said.stage)


def solid_of(lesion: FoundLesion) -> float | None:
    """The solid diameter as the rules want it: None for a solid lesion, 0 for ground glass."""
    density = likeliest(lesion.density)
    if density == "part_solid":
        return min(lesion.solid_diameter_mm.q50, lesion.longest_diameter_mm.q50)
    return 0.0 if density == "ground_glass" else None


def feature_beside(lesion: FoundLesion, primary: FoundLesion) -> str | None:
    """The T feature that a malignant lesion of the lung beside the primary is."""
    if lesion.kind == "collapse":
        return "atel_part"
    if lesion.kind != "pulmonary" or side_of(lesion) != side_of(primary):
        return None
    return "nod_same_lobe" if likeliest(lesion.region) == likeliest(primary.region) else "nod_diff_ipsi"


def sites_of(lesions: list[FoundLesion], primary: FoundLesion | None) -> dict[str, int]:
    """Metastases by the names of the rules."""
    counts: dict[str, int] = {}
    for lesion in lesions:
        if lesion.kind == "pulmonary" and primary is not None and side_of(lesion) != side_of(primary):
            site = "contra_nodule"
        elif lesion.kind in ("pulmonary", "collapse") or (lesion.kind == "node" and lesion.station):
            continue
        else:
            site = "distant_nodes" if lesion.kind == "node" else SITES.get(lesion.kind, lesion.kind)
        counts[site] = counts.get(site, 0) + 1
    return counts


def side_of(lesion: FoundLesion) -> str:
    """right or left."""
    return likeliest(lesion.side)


def likeliest(distribution: dict[str, float]) -> str:
    """The most probable name."""
    if not distribution:
        raise ImpossibleRequest("a lesion without any place cannot be staged by rules")
    return max(distribution, key=distribution.get)
