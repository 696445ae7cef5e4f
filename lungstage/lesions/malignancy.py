"""Kind and Traits in, base log-odds and Reasons out: how likely one lesion, looked at alone, is malignant, and why.

One base model a kind: for nodules of the lung the Brock model (McWilliams and others 2013), moved to the population and
continued over 30 mm as a mass; for nodes size and uptake (de Langen and others 2006); for other kinds a base, size and uptake.
The published models are not added up: they share size, age and lobe. Uptake enters a nodule as the likelihood ratios of
Herder and others 2005. Larger or hotter is never less malignant. Numbers: priors/parameters/malignancy.toml,
priors/malignancy/. That the patient was sent because of lung cancer is known to the staging network, not here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from ..records import Facts, Reason
from ..tables import Priors, read_parameters, read_rows, shipped_priors
from .traits import Traits

SMALLEST_MM, LARGEST_MM = 1.0, 200.0  # sizes beyond are taken as these
LARGEST_NODULE_MM = 30.0
REFERENCE_MM = 4.0  # the size at which the Brock model is centred
OTHER, ANY = "other", "any"  # in foci.csv: the row for regions without one; the kind where nodes and soft tissue lie
UPTAKE_TABLES = ("nodule", "node", "other", "adrenal")  # columns of uptake.csv
FWHM_PER_SIGMA = 2.3548  # of a Gaussian
NODE_MM = (5.0, 12.0)  # short axes between which cold uptake goes from meaning nothing to its full meaning: blur of PET


@dataclass(frozen=True)
class KindModel:
    """Base log-odds of a kind at its reference size, what an e-fold of size adds, and its column of the uptake table."""

    base: float
    reference_mm: float
    per_ln_size: float
    uptake: str


@dataclass(frozen=True)
class Foci:
    """The kind of the lesions of a region, or ANY, and how many malignant and harmless hot foci a litre of it holds."""

    kind: str
    malignant: float
    harmless: float

    @property
    def all(self) -> float:
        """Hot foci a litre."""
        return self.malignant + self.harmless


@dataclass(frozen=True)
class MalignancyParameters:
    """Coefficients in log-odds; what each means stands in priors/parameters/malignancy.toml.

    kinds    models of the kinds other than pulmonary (priors/malignancy/kinds.csv)
    foci     of regions, `other` for those left out (priors/malignancy/foci.csv)
    uptake   for each of UPTAKE_TABLES: ln of uptake over what it is compared with, and the log-odds it adds
             (priors/malignancy/uptake.csv)
    """

    brock_constant: float
    brock_size: float
    brock_age: float
    brock_female: float
    brock_family: float
    brock_emphysema: float
    brock_part_solid: float
    brock_ground_glass: float
    brock_upper_lobe: float
    brock_count: float
    brock_spiculation: float
    usual_age: float
    share_female: float
    share_family: float
    share_emphysema: float
    share_upper_lobe: float
    usual_count: float
    clinic_shift: float
    surgical_shift: float
    separate_odds: float
    mass_from_mm: float
    mass_full_mm: float
    mass_log_odds: float
    mass_uptake: float
    lobulation: float
    cavity: float
    calcified: float
    fat_nodule: float
    perifissural: float
    blood_suv: float
    pet_blur_mm: float
    pet_usual_mm: float
    pet_recovery_most: float
    lung_over_blood: float
    node_fat_hilum: float
    node_calcified: float
    node_round: float
    node_symmetric: float
    other_symmetric: float
    deposit_hu: tuple[float, ...]
    adenoma_hu: tuple[float, ...]
    lipid_log_odds: tuple[float, ...]
    slender: float
    nodule_slender: float
    compact_length: float
    slender_from: float
    slender_full: float
    nodule_slender_from: float
    nodule_slender_full: float
    nodule_loose: float
    nodule_compact_from: float
    nodule_compact_full: float
    node_limit_usual_mm: float
    node_limit_4_10r_mm: float
    node_limit_7_mm: float
    kinds: dict[str, KindModel] = field(default_factory=dict)
    foci: dict[str, Foci] = field(default_factory=dict)
    uptake: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = field(default_factory=dict)


@cache
def load_malignancy_parameters(priors: Priors | None = None) -> MalignancyParameters:
    """The coefficients and tables of a folder of priors, or those that ship with the package."""
    priors = priors or shipped_priors()
    numbers = read_parameters(priors, "parameters/malignancy.toml", MalignancyParameters)
    return replace(numbers, kinds=kind_models(priors), foci=foci_table(priors), uptake=uptake_table(priors))


def kind_models(priors: Priors) -> dict[str, KindModel]:
    """The models of the kinds other than pulmonary, by kind."""
    rows = read_rows(priors, "malignancy/kinds.csv", ("kind", "base", "reference_mm", "per_ln_size", "uptake", "source"))
    return {
        row["kind"]: KindModel(float(row["base"]), float(row["reference_mm"]), float(row["per_ln_size"]), row["uptake"])
        for row in rows
    }


def foci_table(priors: Priors) -> dict[str, Foci]:
    """Region of regions.csv, or `other`: its foci."""
    rows = read_rows(priors, "malignancy/foci.csv", ("region", "kind", "malignant", "harmless", "source"))
    return {row["region"]: Foci(row["kind"], float(row["malignant"]), float(row["harmless"])) for row in rows}


def foci_of(region: str, numbers: MalignancyParameters) -> Foci:
    """Of a region of regions.csv, whether it has a row or not."""
    return numbers.foci.get(region, numbers.foci[OTHER])


def uptake_table(priors: Priors) -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    """For each of UPTAKE_TABLES: ln of uptake over what it is compared with, rising, and the log-odds it adds, never falling."""
    rows = read_rows(priors, "malignancy/uptake.csv", ("over_blood", *UPTAKE_TABLES, "source"))
    ratios = tuple(float(np.log(float(row["over_blood"]))) for row in rows)
    return {name: (ratios, tuple(float(row[name]) for row in rows)) for name in UPTAKE_TABLES}


def judge(
    kind: str, traits: Traits, facts: Facts | None = None, parameters: MalignancyParameters | None = None
) -> tuple[float, tuple[Reason, ...]]:
    """Log-odds of malignancy before the traits are looked at, and what each trait adds.

    kind     of KINDS
    facts    age, sex and population; what is not known enters with its average, inside the base
    """
    numbers = parameters or load_malignancy_parameters()
    facts = facts or Facts()
    if kind == "pulmonary":
        base, reasons = judge_nodule(traits, facts, numbers)
    elif kind == "node":
        base, reasons = judge_node(traits, numbers)
    else:
        base, reasons = judge_other(kind, traits, numbers)
    return base, tuple(reason for reason in reasons if reason.log_odds != 0)


def p_malignant(base_log_odds: float, reasons: tuple[Reason, ...]) -> float:
    """Probability from the base and the reasons."""
    return float(1 / (1 + np.exp(-(base_log_odds + sum(reason.log_odds for reason in reasons)))))


def judge_nodule(traits: Traits, facts: Facts, numbers: MalignancyParameters) -> tuple[float, list[Reason]]:
    """The Brock model with spiculation; a mass beyond it; uptake, calcium, fat and fissure on top."""
    # The nodules of the study were compact. A long thin thing is no larger a nodule for its length.
    d = sane_mm(min(traits.longest_mm.q50, numbers.compact_length * ball_mm(traits)))
    size = brock_size(d, numbers)
    base = numbers.brock_constant + population_shift(facts, numbers) + numbers.brock_family * numbers.share_family
    reasons = []

    def known(term, value, log_odds):
        reasons.append(Reason(term, value, log_odds))
        return 0.0

    age = numbers.brock_age * ((numbers.usual_age if facts.age is None else facts.age) - 62.0)
    base += age if facts.age is None else known("age", facts.age, age)
    if facts.sex is None:
        base += numbers.brock_female * numbers.share_female
    elif facts.sex == "female":
        known("sex", None, numbers.brock_female)
    upper = numbers.share_upper_lobe if traits.p_upper_lobe is None else traits.p_upper_lobe
    term = numbers.brock_upper_lobe * upper
    base += term if traits.p_upper_lobe is None else known("upper lobe", upper, term)
    term = numbers.brock_emphysema * (numbers.share_emphysema if traits.p_emphysema is None else traits.p_emphysema)
    base += term if traits.p_emphysema is None else known("emphysema", traits.p_emphysema, term)
    count = numbers.usual_count if traits.count is None else min(traits.count, 20)
    term = numbers.brock_count * (count - 4)
    base += term if traits.count is None else known("count", float(count), term)
    glass, part = traits.density["ground_glass"], traits.density["part_solid"]
    known("part-solid", part, numbers.brock_part_solid * part)
    known("ground glass", glass, numbers.brock_ground_glass * glass)
    known("cavity", traits.density["cavitating"], numbers.cavity * traits.density["cavitating"])
    known("spiculation", traits.p_spiculated, numbers.brock_spiculation * traits.p_spiculated)
    known("lobulation", traits.p_lobulated, numbers.lobulation * traits.p_lobulated)
    known("calcification", traits.p_calcified, numbers.calcified * traits.p_calcified)
    known("fat", traits.p_fat, numbers.fat_nodule * traits.p_fat)
    reasons.append(slender_reason(traits, numbers.nodule_slender, numbers.nodule_slender_from, numbers.nodule_slender_full))
    loose, full = numbers.nodule_compact_from, numbers.nodule_compact_full
    ball = np.clip((compactness(traits) - loose) / (full - loose), 0, 1)
    known("not like a ball", compactness(traits), numbers.nodule_loose * float(1.0 - ball))
    known("perifissural", traits.p_perifissural, numbers.perifissural * traits.p_perifissural)
    floor, shown, full = (
        beside_a_cancer(term, facts, numbers) for term in (0.0, size + mass(d, numbers), brock_size(LARGEST_NODULE_MM, numbers))
    )
    reasons.insert(0, Reason("size", d, shown))
    # Small and ground-glass lesions stay cold whatever they are. The share grows as the size term does and no faster than
    # cold uptake takes away, so that a larger cold nodule is never less malignant than a smaller one.
    coldest = -min(numbers.uptake["nodule"][1])
    trusted = np.clip((shown - floor) / max(full - floor, coldest), 0.0, 1.0) * (1 - glass) * (1 - 0.5 * part)
    reasons += uptake_reasons("nodule", traits, numbers, float(trusted), usual_uptake(d, numbers))
    return base, reasons


def beside_a_cancer(size: float, facts: Facts, numbers: MalignancyParameters) -> float:
    """The size term, with the odds of a separate nodule of a cancer elsewhere added to those of the average patient.

    Beside a cancer small nodules are its separate nodules more often than a screened person's are cancers.
    """
    if facts.population == "screening":
        return size
    average = numbers.brock_constant + population_shift(facts, numbers) + numbers.brock_family * numbers.share_family
    average += numbers.brock_age * (numbers.usual_age - 62.0) + numbers.brock_female * numbers.share_female
    average += numbers.brock_upper_lobe * numbers.share_upper_lobe + numbers.brock_emphysema * numbers.share_emphysema
    average += numbers.brock_count * (numbers.usual_count - 4)
    return float(np.logaddexp(average + size, np.log(max(numbers.separate_odds, 1e-9))) - average)


def brock_size(d: float, numbers: MalignancyParameters) -> float:
    """Size term of the Brock model, 0 at 4 mm."""
    return float(numbers.brock_size * ((d / 10.0) ** -0.5 - (REFERENCE_MM / 10.0) ** -0.5))


def mass(d: float, numbers: MalignancyParameters) -> float:
    """What being a mass rather than a nodule adds: nothing up to one size, all from another on."""
    return float(
        numbers.mass_log_odds * np.clip((d - numbers.mass_from_mm) / (numbers.mass_full_mm - numbers.mass_from_mm), 0, 1)
    )


def population_shift(facts: Facts, numbers: MalignancyParameters) -> float:
    """Log-odds by which this population has more cancers among its nodules than a screened one."""
    return {"clinic": numbers.clinic_shift, "surgical": numbers.surgical_shift, "screening": 0.0}[facts.population]


def judge_node(traits: Traits, numbers: MalignancyParameters) -> tuple[float, list[Reason]]:
    """Short axis against what is normal for the station, uptake, and what a node looks like."""
    model = numbers.kinds["node"]
    short = sane_mm(traits.short_axis_mm.q50)
    limit = station_limit_mm(traits.station, numbers)
    size = model.per_ln_size * np.log(short / model.reference_mm * numbers.node_limit_usual_mm / limit)
    size = max(size, model.per_ln_size * np.log(0.3))  # below 3 mm nothing is measured any more
    trusted = np.clip(np.log(short / NODE_MM[0]) / np.log(NODE_MM[1] / NODE_MM[0]), 0.0, 1.0)
    reasons = [
        Reason("short axis", short, float(size)),
        Reason("roundness", traits.roundness, numbers.node_round * float(np.clip((traits.roundness - 0.7) / 0.5, -0.6, 0.6))),
        Reason("fat", traits.p_fat, numbers.node_fat_hilum * traits.p_fat),
        Reason("calcification", traits.p_calcified, numbers.node_calcified * traits.p_calcified),
        # in its slice a muscle or the gullet is as round as a node; in space it is long
        slender_reason(traits, numbers.slender, numbers.slender_from, numbers.slender_full),
        Reason("symmetric", traits.p_symmetric, numbers.node_symmetric * traits.p_symmetric),
    ]
    return model.base, reasons + uptake_reasons("node", traits, numbers, float(trusted))


def station_limit_mm(station: str | None, numbers: MalignancyParameters) -> float:
    """Short axis up to which a node of that station is normal."""
    if station == "7":
        return numbers.node_limit_7_mm
    return numbers.node_limit_4_10r_mm if station in ("4R", "4L", "10R") else numbers.node_limit_usual_mm


def judge_other(kind: str, traits: Traits, numbers: MalignancyParameters) -> tuple[float, list[Reason]]:
    """Base, size and uptake; calcium and fat as in nodes; muscle, gut and ureter are long, and alike on both sides."""
    model = numbers.kinds[kind]
    d = sane_mm(traits.longest_mm.q50)
    reasons = [Reason("size", d, float(model.per_ln_size * np.clip(np.log(d / model.reference_mm), -1.5, 1.5)))]
    if kind in ("adrenal", "soft_tissue", "pleural"):
        reasons += [
            Reason("fat", traits.p_fat, numbers.fat_nodule * traits.p_fat),
            Reason("calcification", traits.p_calcified, numbers.node_calcified * traits.p_calcified),
        ]
    if kind in ("bone", "soft_tissue", "adrenal", "liver"):
        reasons.append(slender_reason(traits, numbers.slender, numbers.slender_from, numbers.slender_full))
    if kind in ("bone", "soft_tissue", "liver"):  # three in ten with a sick adrenal have two
        reasons.append(Reason("symmetric", traits.p_symmetric, numbers.other_symmetric * traits.p_symmetric))
    if kind == "adrenal":
        reasons.append(lipid_reason(traits, numbers))
    if model.uptake != "none":
        reasons += uptake_reasons(model.uptake, traits, numbers, 1.0)
    return base_of(kind, traits, numbers), reasons


def lipid_reason(traits: Traits, numbers: MalignancyParameters) -> Reason:
    """Adenomas of the adrenals hold lipid, and most are no denser than water; deposits are as dense as muscle.

    What is denser than either may be full of contrast, which says nothing.
    """
    hu = min(traits.hu_inner, numbers.deposit_hu[0])
    deposit, adenoma = (-0.5 * ((hu - mean) / sd) ** 2 - np.log(sd) for mean, sd in (numbers.deposit_hu, numbers.adenoma_hu))
    return Reason("density", traits.hu_inner, float(np.clip(deposit - adenoma, *numbers.lipid_log_odds)))


def base_of(kind: str, traits: Traits, numbers: MalignancyParameters) -> float:
    """Of soft tissue by where it lies, if it is hot and that is known: a focus of the kidney means less than one of muscle."""
    if kind != "soft_tissue" or traits.suv_max is None or not traits.region:
        return numbers.kinds[kind].base
    places = [(share, foci_of(name, numbers)) for name, share in traits.region.items()]
    # where nodes or an organ's own lesions are counted, what is neither is as rare as elsewhere
    places = [(share, foci if foci.kind in (kind, ANY) else numbers.foci[OTHER]) for share, foci in places]
    malignant, harmless = (sum(share * getattr(foci, of) for share, foci in places) for of in ("malignant", "harmless"))
    return float(np.log(malignant / harmless))


def slender_reason(traits: Traits, log_odds: float, compact_from: float, full: float) -> Reason:
    """What being long and thin takes: all of `log_odds` in a thread, nothing in what is as compact as tumours are."""
    compact = compactness(traits)
    share = np.clip((compact_from - compact) / (compact_from - full), 0.0, 1.0)
    return Reason("slender", compact, log_odds * float(share))


def compactness(traits: Traits) -> float:
    """Diameter of the ball of the same volume over the longest diameter: 1 for a ball."""
    return ball_mm(traits) / sane_mm(traits.longest_mm.q50)


def ball_mm(traits: Traits) -> float:
    """Diameter of the ball of the same volume."""
    return float(np.cbrt(6.0 * traits.volume_ml.q50 * 1000.0 / np.pi))


def usual_uptake(d: float, numbers: MalignancyParameters) -> float:
    """How much hotter than a nodule a cancer of this size is: the likelihood ratios of nodules speak of the rest."""
    share = np.clip((d - LARGEST_NODULE_MM) / (numbers.mass_full_mm - LARGEST_NODULE_MM), 0.0, 1.0)
    return float(numbers.mass_uptake**share)


def uptake_reasons(table: str, traits: Traits, numbers: MalignancyParameters, trusted: float, usual: float = 1.0) -> list[Reason]:
    """What SUVmax over blood pool adds, in an adrenal over the liver, in other tissue over what that takes up; none without PET.

    trusted   share of its full meaning that cold uptake has in a lesion of this size
    usual     uptake of malignant lesions of this size over that of those the table was made from
    """
    if traits.suv_max is None:
        return []
    over_blood = {"other": traits.uptake_over_place, "adrenal": traits.uptake_over_liver}.get(table, traits.uptake_over_blood)
    if over_blood is None:  # relative units are multiples of the patient's own reference already
        over_blood = traits.suv_max / (numbers.blood_suv if traits.suv_unit == "SUVbw" else 1.0)
    ratios, added = numbers.uptake[table]
    if table in ("nodule", "node"):  # the size of others is mostly that of their uptake
        # of a long thing PET shows more than of a ball of its volume
        across_mm = np.sqrt(ball_mm(traits) * sane_mm(traits.longest_mm.q50))
        behind = numbers.lung_over_blood if table == "nodule" else 1.0
        over_blood += max(over_blood - behind, 0.0) * (recovery_factor(across_mm, numbers) - 1.0)
    log_odds = float(np.interp(np.log(max(over_blood / usual, 1e-3)), ratios, added))
    # a small body in fat is no part of the organ that may take up so much there
    log_odds *= trusted if log_odds < 0 else 1.0 - traits.p_physiological * (1.0 - traits.p_enclosed)
    return [Reason("uptake", traits.suv_max, log_odds)]


def recovery_factor(d: float, numbers: MalignancyParameters) -> float:
    """How much hotter over its surroundings a ball of this diameter (mm) is than PET shows it, against a usual lesion.

    PET blurs, and less than half of the uptake of a hot ball of 8 mm is left in its middle: what it shows of small and of
    large lesions is made comparable before the tables, which speak of usual sizes, are asked.
    """
    share, usual = recovered(np.array([d, numbers.pet_usual_mm]), numbers.pet_blur_mm)
    return float(np.clip(usual / max(share, 1e-6), 1.0, numbers.pet_recovery_most))


def recovered(d: np.ndarray, blur_mm: float) -> np.ndarray:
    """Share of its uptake over the surroundings that is left in the middle of a ball of diameter d blurred by a Gaussian.

    blur_mm   full width at half maximum
    source    Kessler, Ellis and Eden 1984: hot spot recovery coefficient, centre of a sphere
    """
    from scipy.special import erf

    z = d / 2.0 / (np.sqrt(2.0) * blur_mm / FWHM_PER_SIGMA)
    return erf(z) - 2.0 / np.sqrt(np.pi) * z * np.exp(-(z**2))


def sane_mm(size: float) -> float:
    """A size between the smallest and the largest that mean anything."""
    return float(np.clip(size, SMALLEST_MM, LARGEST_MM))
