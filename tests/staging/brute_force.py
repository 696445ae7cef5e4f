"""The network once more, with nothing but loops: every role of every lesion, every pattern, every set of organs.

It shares with the program what a lesion's numbers are (Evidence), what the scan sees (Scan, Reference) and what the tables
say; every sum is its own.
"""

from itertools import product
from math import comb, exp, factorial, lgamma, log

import numpy as np

from lungstage.records.names import LOBES
from lungstage.staging.drainage import pattern_prior, patterns_of
from lungstage.staging.evidence import FIRST_ORGAN, LUNG, NODES
from lungstage.staging.hypotheses import normal, pairs_of, primary_traits
from lungstage.staging.parameters import HISTOLOGIES, M_FINE, N_FINE, T_SPREAD
from lungstage.staging.posterior import collapse_probability
from lungstage.tnm import t_categories

THERE = 120


def everything(patient, assignments):
    """{(primary, roles, T8, N, M): mass} over all that could be so; roles: one word for each lesion."""
    found = {}
    evidence, parameters = patient.evidence, patient.parameters
    people = parameters.populations[patient.facts.population]
    nobody = (1 - people.cancer) * np.prod(evidence.good) * np.prod(patient.findings.stations[:, 0])
    nobody *= np.prod(patient.findings.organs[:, 0])
    found["none", ("benign",) * len(evidence.ids), "T0", "N0", "M0"] = nobody
    for primary, second, lobe, weight in hypotheses(patient, assignments):
        for roles in product(*(options(patient, assignments, k, k in (primary, second)) for k in range(len(evidence.ids)))):
            add_case(found, patient, assignments, primary, second, lobe, weight, roles)
    return found


def hypotheses(patient, assignments):
    """(primary, second, lobe, weight); positions, None for a primary that is not seen or no second one."""
    evidence, parameters = patient.evidence, patient.parameters
    numbers, people = parameters.numbers, parameters.populations[patient.facts.population]
    seen = 1 - numbers.unseen_primary
    for lobe in range(5):
        yield None, None, lobe, people.cancer * (1 - seen * patient.scan.lungs) * parameters.lobe_share[lobe]
    for i in range(len(evidence.ids)):
        for lobe in range(5):
            own = people.cancer * seen * own_weight(patient, assignments, i, people.log_size, people.size_sd)
            own *= evidence.lobes[i, lobe]
            if own > 0:
                yield i, None, lobe, own * (1 - numbers.second_primary)
                for k in second_ones(patient, assignments, i):
                    yield i, k, lobe, own * second_weight(patient, assignments, k)


def own_weight(patient, assignments, k, mean, sd):
    evidence = patient.evidence
    if evidence.primary[k] == 0 or share(evidence, assignments, k, LUNG) == 0:
        return 0.0
    size = normal(evidence.log_size[k], mean, sd) / mixture(patient, k)
    return (
        evidence.bad[k]
        * evidence.lean[k, LUNG]
        * evidence.crowd[LUNG]
        / patient.reference.lung
        * share(evidence, assignments, k, LUNG)
        * size
    )


def second_weight(patient, assignments, k):
    numbers = patient.parameters.numbers
    own = own_weight(patient, assignments, k, numbers.second_log_size, numbers.second_size_sd)
    return numbers.second_primary * own * patient.evidence.nodule[k]


def second_ones(patient, assignments, i):
    """Lesions of which hypotheses of a second primary beside i are made."""
    count = len(patient.evidence.ids)
    people = patient.parameters.populations[patient.facts.population]
    alone = [own_weight(patient, assignments, k, people.log_size, people.size_sd) for k in range(count)]
    second = [second_weight(patient, assignments, k) for k in range(count)]
    return [int(k) for k in np.flatnonzero(pairs_of(np.array(alone), np.array(second), patient.evidence)[i])]


def mixture(patient, k):
    numbers, average = patient.parameters.numbers, patient.parameters.populations["clinic"]
    size, (a, b, c) = patient.evidence.log_size[k], patient.reference.shares
    return (
        a * normal(size, average.log_size, average.size_sd)
        + b * normal(size, numbers.separate_log_size, numbers.separate_size_sd)
        + c * normal(size, numbers.second_log_size, numbers.second_size_sd)
    )


def share(evidence, assignments, k, column):
    if assignments.fixed[k] >= 0:
        return 1.0 if assignments.fixed[k] == column else 0.0
    return evidence.target[k, column]


def options(patient, assignments, k, taken):
    """What a lesion can be beside the primary and the second."""
    if taken:
        return ("taken",)
    evidence = patient.evidence
    words = ["benign"]
    if share(evidence, assignments, k, LUNG):
        words += ["same", "other", "contra", "multifocal"]
    if share(evidence, assignments, k, NODES):
        words += [f"node {s}" for s in np.flatnonzero(evidence.stations[k] >= 0.02)]
    words += [f"organ {o}" for o in range(len(patient.parameters.organs)) if share(evidence, assignments, k, FIRST_ORGAN + o)]
    return words


def column_of(role):
    """The column of Evidence.target that a role belongs to."""
    if role.startswith("node"):
        return NODES
    return FIRST_ORGAN + int(role.split()[1]) if role.startswith("organ") else LUNG


def add_case(found, patient, assignments, primary, second, lobe, weight, roles):
    """Everything that agrees with one choice of roles."""
    evidence, parameters = patient.evidence, patient.parameters
    for k, role in enumerate(roles):
        if role == "benign":
            weight *= evidence.good[k]
        elif role != "taken":
            weight *= evidence.bad[k] * evidence.lean[k, column_of(role)]
    if weight == 0:
        return
    by_state = [(s, o, c, lung_factor(patient, assignments, primary, lobe, roles, s, o, c))
                for s, o, c in product((0, 1), repeat=3)]  # fmt: skip
    by_n = node_factor(patient, assignments, primary, lobe, roles)
    traits = primary_traits(patient.lesions, evidence, patient.findings, patient.facts.population, parameters)
    row = -1 if primary is None else primary
    t8 = parameters.t_shares[patient.facts.population] if primary is None else tumour_t(patient, primary)
    placed = organ_choices(patient, assignments, roles)
    for same, other, contra, lung in by_state:
        if lung == 0:
            continue
        for t in range(9):
            if t8[t] == 0:
                continue
            final = max(t, 7 * same, 8 * other)
            for n, h in product(range(5), range(6)):
                p_n = nodes_given(parameters, patient.facts.population, final, traits.odds_nodes[row, h, final])[n]
                p_m = m_given(patient, h, final, n, traits.odds_metastasis[row, h, final])
                common = weight * lung * t8[t] * by_n[n] * p_n * traits.histology[row, h]
                for m in range(5):
                    mass = common * p_m[m] * organ_factor(patient, placed, h, n == 4, final == 8, contra, m)
                    if mass:
                        key = (primary, second, roles, T_SPREAD[final], N_FINE[n], M_FINE[m])
                        found[key] = found.get(key, 0.0) + mass


def lung_factor(patient, assignments, primary, lobe, roles, same, other, contra):
    evidence, parameters, reference = patient.evidence, patient.parameters, patient.reference
    numbers, scan = parameters.numbers, patient.scan
    if primary is None and (same or other):
        return 0.0
    factor = 1.0
    missed = 1 - scan.lungs * (1 - exp(-numbers.nodules_seen))
    for there, p in ((same, numbers.same_lobe_nodules), (other, numbers.other_lobe_nodules)):
        if primary is not None:
            factor *= p * missed if there else 1 - p
    lung = parameters.organs[0]
    sees = scan.organ_sees[0]
    factor *= lung.single * (1 - sees) + (1 - lung.single) * (1 - sees) ** lung.many if contra else 1.0
    side = LOBES[lobe].split("_")[0]
    for k, role in enumerate(roles):
        own = share(evidence, assignments, k, LUNG)
        size = normal(evidence.log_size[k], numbers.separate_log_size, numbers.separate_size_sd) / mixture(patient, k)
        solid = (1 - evidence.subsolid[k]) * evidence.nodule[k] * size * evidence.crowd[LUNG] / reference.lung * own
        lobes = {
            "same": [lobe],
            "other": [x for x in range(5) if LOBES[x].startswith(side) and x != lobe],
            "contra": [x for x in range(5) if not LOBES[x].startswith(side)],
        }.get(role)
        if lobes is not None:
            there = {"same": same, "other": other, "contra": contra}[role]
            found = reference.contralateral if role == "contra" else reference.separate
            factor *= there * solid * found * evidence.lobes[k, lobes].sum() / parameters.lobe_volume[lobes].sum()
        elif role == "multifocal":
            subsolid = 0.0 if primary is None else evidence.subsolid[primary]
            beside = subsolid * numbers.subsolid_others + (1 - subsolid) * numbers.subsolid_beside_solid
            rate = beside * evidence.subsolid[k] / reference.lung
            if primary is not None and k not in second_ones(patient, assignments, primary):
                second = normal(evidence.log_size[k], numbers.second_log_size, numbers.second_size_sd) / mixture(patient, k)
                rate += numbers.second_primary * second / reference.lung
            factor *= rate * evidence.nodule[k] * own * evidence.crowd[LUNG]
    return factor


def node_factor(patient, assignments, primary, lobe, roles):
    """(5) likelihood of the nodes' roles given N."""
    evidence, parameters, scan = patient.evidence, patient.parameters, patient.scan
    name = LOBES[lobe]
    drainage, patterns = parameters.drainage[name], patterns_of(parameters, name)
    size = parameters.numbers.drainage_size_mm if primary is None else exp(evidence.log_size[primary])
    p = pattern_prior(parameters, name, size)
    shown = set()
    for k in range(len(evidence.ids)):
        if share(evidence, assignments, k, NODES):
            shown |= {drainage.home[s] for s in np.flatnonzero(evidence.stations[k] >= 0.02)}
    for j, station in enumerate(drainage.stations):
        missed = max(scan.nodes_found[station], 0.05 * scan.nodes_found_full[station] if j in shown else 0.0)
        p = p * np.where(patterns.bits[:, j] > 0, exp(-missed), 1.0)
    for station, j in enumerate(drainage.home):
        free, ill = patient.findings.stations[station]
        p = p * np.where(patterns.bits[:, j] > 0, ill, free)
    for k, role in enumerate(roles):
        if role.startswith("node"):
            station = int(role.split()[1])
            j = drainage.home[station]
            group = [s for s in range(20) if drainage.home[s] == j]
            found = scan.nodes_found_full[drainage.stations[j]] * evidence.crowd[NODES]
            rate = found * evidence.stations[k, station] / (parameters.station_share[group].sum() * patient.reference.nodes)
            p = p * patterns.bits[:, j] * rate * share(evidence, assignments, k, NODES)
    return [p[patterns.n_class == n].sum() for n in range(5)]


def nodes_given(parameters, population, t, odds):
    row = parameters.nodes_given_t[population][t]
    spread = (1 - row[0]) / row[0] * odds
    p = spread / (1 + spread)
    return [1 - p, *(row[1:] / (1 - row[0]) * p)]


def m_given(patient, h, t, n, odds):
    parameters, population = patient.parameters, patient.facts.population
    x = parameters.metastasis_given_t[t] + parameters.metastasis_given_n[n] + log(odds)
    p = 1 / (1 + exp(-x - parameters.populations[population].m1_log_odds))
    return [1 - p, *(p * parameters.m_categories["small_cell" if HISTOLOGIES[h] == "small_cell" else population])]


def tumour_t(patient, k):
    """(9) T8 of a lesion: every subset of its contacts, sample by sample, through the rules all at once."""
    parameters = patient.parameters
    tumour = patient.categories.tumours[k]
    names = (*tumour.features, "atel_part")
    p = [*tumour.p_feature, np.full(len(tumour.weight), collapse_probability(patient)[k])]
    result = np.zeros(9)
    for subset in product((False, True), repeat=len(names)):
        weight = tumour.weight * np.prod([q if yes else 1 - q for q, yes in zip(p, subset)], axis=0)
        features = dict(zip(names, subset))
        t = t_categories(tumour.size_mm, tumour.solid_mm, features, 8, parameters.priors).category
        np.add.at(result, t - 1, weight)
    return result


def organ_choices(patient, assignments, roles):
    """Per organ: P(roles | none), P(roles | single), P(roles | many)."""
    evidence, parameters, scan = patient.evidence, patient.parameters, patient.scan
    placed = []
    for o, organ in enumerate(parameters.organs):
        here = [k for k in range(len(evidence.ids)) if share(evidence, assignments, k, FIRST_ORGAN + o)]
        # the program lets a lesion prove coverage only in the combinations in which it is of the organ
        ill = [k for k, role in enumerate(roles) if role == f"organ {o}"]
        sees = max(scan.organ_sees[o], 0.05 * scan.organ_sees_full[o]) if here else scan.organ_sees[o]
        average = (organ.single + (1 - organ.single) * organ.many) * sees
        rate = np.prod([
            share(evidence, assignments, k, FIRST_ORGAN + o) * evidence.crowd[FIRST_ORGAN + o]
            / (patient.reference.organs[o] * average**parameters.numbers.organ_count_power)
            for k in ill
        ])  # fmt: skip
        free, involved = patient.findings.organs[o]
        one = [1 - sees, sees][len(ill)] if len(ill) < 2 else 0.0
        many = found(organ.many, parameters.numbers.metastases_dispersion, sees, len(ill)) * factorial(len(ill))
        placed.append((float(not ill) * free, one * rate * involved, many * rate * involved))
    return placed


def found(mean, k, sees, count):
    extra = mean - 2 if mean > 2 else 1e-6
    p = [exp(lgamma(n + k) - lgamma(n + 1) + n * log(extra / (k + extra))) for n in range(THERE)]
    total = 0.0
    for n, weight in enumerate(p):
        if count <= n + 2:
            total += weight / sum(p) * comb(n + 2, count) * sees**count * (1 - sees) ** (n + 2 - count)
    return total


def organ_factor(patient, placed, h, n3, t4, contra, m):
    """P(roles of the organs, nodules of the other lung or not | M)."""
    key = (tuple(placed), h, n3, t4)
    if key not in _sums:
        trivial = [(1.0, 1.0, 1.0)] * len(placed)
        prior = organ_sums(patient, trivial, h, n3, t4)
        own = organ_sums(patient, placed, h, n3, t4)
        _sums[key] = {(c, k): own[c, k] / (prior[0, k] + prior[1, k]) for c in (0, 1) for k in range(5)}
    return _sums[key][contra, m]


_sums: dict = {}


def organ_sums(patient, placed, h, n3, t4):
    organs = patient.parameters.organs
    sums = {(c, m): 0.0 for c in (0, 1) for m in range(5)}
    for levels in product((0, 1, 2), repeat=len(organs) - 1):
        levels = (0, *levels)
        for contra in (0, 1):
            weight = 1.0
            inside = set()
            for o, level in enumerate(levels):
                organ = organs[o]
                odds = organ.involved[h] / (1 - organ.involved[h])
                odds *= (organ.given_n3 if n3 else 1) * (organ.given_t4 if t4 else 1)
                if o == 0:
                    weight *= odds if contra else 1.0
                    continue
                weight *= placed[o][level] * (1.0, odds * organ.single, odds * (1 - organ.single))[level]
                if level:
                    inside.add(organ.organ)
            for a, b, extra in patient.parameters.organ_pairs:
                weight *= exp(extra) if {a, b} <= inside else 1.0
            far = [level for o, level in enumerate(levels) if level and organs[o].system != "thorax"]
            chest = contra or any(level for o, level in enumerate(levels) if level and organs[o].system == "thorax")
            m = (4 if len(far) > 1 else 3 if far[0] == 2 else 2) if far else (1 if chest else 0)
            sums[contra, m] += weight
    return sums
