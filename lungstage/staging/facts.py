"""Facts in, likelihoods out: what biopsies, tests and what-if words say about lesions, stations and organs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ImpossibleRequest
from ..records import Biopsy, Facts, Lesion, Lesions
from ..records.names import STATIONS
from .parameters import HISTOLOGIES, POPULATIONS, Method, StagingParameters

BENIGN, OPEN, MALIGNANT = 0, 1, 2
STATION_WORDS = {"involved": True, "malignant": True, "reactive": False, "benign": False, "clear": False}
ORGAN_WORDS = {"metastasis": True, "clear": False}
LESION_WORDS = ("benign", "malignant", "metastasis")
NODE_WORDS = ("reactive", "involved")
SAME_STATION = {
    "3ar": "3a", "3al": "3a", "8r": "8", "8l": "8", "13r": "12R", "14r": "12R", "13l": "12L", "14l": "12L",
}  # fmt: skip
SAME_ORGAN = {"adrenals": "adrenal", "skeleton": "bone", "bones": "bone", "pleural": "pleura", "distant_node": "distant_nodes"}


@dataclass(frozen=True, eq=False)
class Findings:
    """What the facts say.

    lesions         (k, 2) P(facts | benign), P(facts | malignant) of each lesion
    lesion_state    (k) BENIGN or MALIGNANT where a what-if says so, else OPEN
    not_primary     (k) True where it is said to be a metastasis or an involved node
    only_node       (k) True where it is said to be an involved node
    stations        (20, 2) P(facts | not involved), P(facts | involved)
    organs          (o, 2) the same for each row of organs.csv
    histologies     (6) P(facts | histology)
    never_smoked    True, False or None
    """

    lesions: np.ndarray
    lesion_state: np.ndarray
    not_primary: np.ndarray
    only_node: np.ndarray
    stations: np.ndarray
    organs: np.ndarray
    histologies: np.ndarray
    never_smoked: bool | None


def read_findings(lesions: Lesions, facts: Facts, parameters: StagingParameters) -> Findings:
    """The facts as likelihoods; ImpossibleRequest naming the fact and what is allowed, for one that cannot be."""
    if facts.population not in POPULATIONS:
        raise ImpossibleRequest(f"population {facts.population!r} is not one of {', '.join(POPULATIONS)}")
    count, organs = len(lesions), len(parameters.organs)
    findings = Findings(
        np.ones((count, 2)), np.full(count, OPEN), np.zeros(count, bool), np.zeros(count, bool), np.ones((len(STATIONS), 2)),
        np.ones((organs, 2)), histology_likelihood(facts.histology),
        None if facts.smoking_pack_years is None else facts.smoking_pack_years == 0,
    )  # fmt: skip
    for biopsy in facts.biopsies:
        add_biopsy(findings, biopsy, lesions, parameters)
    add_brain_mri(findings, facts.brain_mri, parameters)
    add_cytology(findings, facts.effusion_cytology, lesions, parameters)
    for key, word in facts.overrides:
        add_override(findings, key, word, lesions, parameters)
    return findings


def histology_likelihood(histology: str | None) -> np.ndarray:
    """(6) one for the stated histology, zero for the others; ones where it is not known."""
    if histology is None or histology == "unknown":
        return np.ones(len(HISTOLOGIES))
    if histology not in HISTOLOGIES:
        raise ImpossibleRequest(f"histology {histology!r} is not one of {', '.join((*HISTOLOGIES, 'unknown'))}")
    return np.array([float(name == histology) for name in HISTOLOGIES])


def find_site(site: str, lesions: Lesions, parameters: StagingParameters) -> tuple[str, int]:
    """("lesion" | "station" | "organ", position) of a site's name; ImpossibleRequest listing the known ones."""
    ids = [lesion.id for lesion in lesions]
    if site in ids:
        return "lesion", ids.index(site)
    word = site.strip().casefold()
    names = {station.casefold(): position for position, station in enumerate(STATIONS)}
    station = SAME_STATION.get(word, word).casefold()
    if station in names:
        return "station", names[station]
    organs = [organ.organ for organ in parameters.organs]
    organ = SAME_ORGAN.get(word, word)
    if organ in organs:
        return "organ", organs.index(organ)
    raise ImpossibleRequest(
        f"{site!r} is no lesion, station or organ; lesions: {', '.join(ids) or 'none'}; stations: {', '.join(STATIONS)}; "
        f"organs: {', '.join(organs)}"
    )


def find_method(name: str, parameters: StagingParameters) -> Method:
    """A row of methods.csv, without case; ImpossibleRequest listing the known ones."""
    method = parameters.methods.get(name.strip().lower())
    if method is None:
        known = ", ".join(row.method for row in parameters.methods.values())
        raise ImpossibleRequest(f"biopsy method {name!r} is not known; known are {known}")
    return method


def add_biopsy(findings: Findings, biopsy: Biopsy, lesions: Lesions, parameters: StagingParameters) -> None:
    """Count one biopsy; where nothing is seen at its site it finds less."""
    kind, position = find_site(biopsy.site, lesions, parameters)
    method = find_method(biopsy.method, parameters)
    if biopsy.result not in ("positive", "negative", "inadequate"):
        raise ImpossibleRequest(f"biopsy of {biopsy.site}: result {biopsy.result!r} is not positive, negative or inadequate")
    if biopsy.result == "inadequate":
        return
    seen = kind == "lesion" or any(is_there(lesion, kind, position, parameters) for lesion in lesions)
    healthy, ill = likelihoods(method, seen, biopsy.result == "positive")
    rows = {"lesion": findings.lesions, "station": findings.stations, "organ": findings.organs}[kind]
    rows[position] *= (healthy, ill)


def likelihoods(method: Method, seen: bool, positive: bool) -> tuple[float, float]:
    """P(result | no disease there), P(result | disease there)."""
    sensitivity = method.sensitivity if seen else method.sensitivity_unseen
    return (1 - method.specificity, sensitivity) if positive else (method.specificity, 1 - sensitivity)


def is_there(lesion: Lesion, kind: str, position: int, parameters: StagingParameters) -> bool:
    """Whether a lesion shows in this station or organ."""
    if kind == "station":
        return (lesion.place.station or {}).get(STATIONS[position], 0.0) >= 0.5
    return organ_of(lesion, parameters) == position


def organ_of(lesion: Lesion, parameters: StagingParameters) -> int | None:
    """Position in organs.csv of the organ that the lesion's most probable kind belongs to."""
    names = [organ.organ for organ in parameters.organs]
    word = {"pleural": "pleura", "effusion": "pleura"}.get(lesion.kind, lesion.kind)
    return names.index(word) if word in names else None


def add_brain_mri(findings: Findings, result: str | None, parameters: StagingParameters) -> None:
    """Count an MRI of the brain."""
    if result not in (None, "clear", "metastasis", "indeterminate"):
        raise ImpossibleRequest(f"brain_mri: result {result!r} is not clear, metastasis or indeterminate")
    if result in ("clear", "metastasis"):
        brain = [organ.organ for organ in parameters.organs].index("brain")
        findings.organs[brain] *= likelihoods(find_method("MRI", parameters), True, result == "metastasis")


def add_cytology(findings: Findings, result: str | None, lesions: Lesions, parameters: StagingParameters) -> None:
    """Count the cytology of an effusion: of the effusions seen, or of the pleura where none is seen."""
    if result not in (None, "positive", "negative", "inadequate"):
        raise ImpossibleRequest(f"effusion_cytology: result {result!r} is not positive, negative or inadequate")
    if result in (None, "inadequate"):
        return
    effusions = np.array([lesion.p_kind.get("effusion", 0.0) for lesion in lesions])
    healthy, ill = likelihoods(find_method("cytology", parameters), bool(effusions.any()), result == "positive")
    if effusions.any():
        findings.lesions[:] *= 1.0 - effusions[:, None] * (1.0 - np.array([healthy, ill]))
    else:
        pleura = [organ.organ for organ in parameters.organs].index("pleura")
        findings.organs[pleura] *= (healthy, ill)


def add_override(findings: Findings, key: str, word: str, lesions: Lesions, parameters: StagingParameters) -> None:
    """Take one what-if word for granted."""
    kind, position = find_site(key, lesions, parameters)
    node = kind == "lesion" and lesions[position].p_kind.get("node", 0.0) > 0
    lesion_words = (*LESION_WORDS, *NODE_WORDS) if node else LESION_WORDS
    allowed = {"lesion": lesion_words, "station": tuple(STATION_WORDS), "organ": tuple(ORGAN_WORDS)}[kind]
    if word not in allowed:
        raise ImpossibleRequest(f"what-if {key}={word}: a {kind} can be {', '.join(allowed)}")
    if kind == "lesion":
        findings.lesion_state[position] = BENIGN if word in ("benign", "reactive") else MALIGNANT
        findings.not_primary[position] |= word in ("metastasis", "involved")
        findings.only_node[position] |= word == "involved"
        return
    row, ill = (findings.stations, STATION_WORDS[word]) if kind == "station" else (findings.organs, ORGAN_WORDS[word])
    row[position] *= (0.0, 1.0) if ill else (1.0, 0.0)
