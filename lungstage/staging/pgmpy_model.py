"""A small patient in, the same network as a pgmpy model out, for a second opinion and for interchange (BIF).

One node for the primary (with its lobe and a second primary), histology, T, N, the separate nodules, the pattern of the
stations in play, M with the organs in play, and one for each lesion; what is seen enters as virtual evidence, a node
"L1 as seen" for each lesion. Queries must be given `observed(model)`. For tests and export: tables grow fast with lesions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..errors import ImpossibleRequest
from ..records import Facts, Lesions
from ..records.names import LOBES
from .assignment import Assignments, assign, share_of
from .evidence import FIRST_ORGAN, LUNG, NODES
from .hypotheses import NOBODY, UNSEEN, Hypotheses, list_hypotheses
from .lung import STATES, nodule_rates, state_prior
from .nodes import missed, node_rates, p_bad, station_facts, stations_in_play, summed_out
from .organs import OrganLevels, m_weights, organ_likelihood
from .parameters import HISTOLOGIES, M_FINE, N_FINE, T_SPREAD, StagingParameters, shipped_parameters
from .posterior import Patient, known_traits, lifted_t, no_cancer, read_patient, size_step, spread_prior, t8_of
from .reference import CONTRALATERAL

SEEN = "as seen"
MOST_LESIONS = 6
NONE = "no cancer"


def to_pgmpy(
    lesions: Lesions,
    coverage: Mapping[str, float],
    facts: Facts | None = None,
    parameters: StagingParameters | None = None,
    coverage_pet: Mapping[str, float] | None = None,
    station_coverage: Mapping[str, float] | None = None,
):
    """The pgmpy DiscreteBayesianNetwork of a patient; arguments as in `infer_staging`. Needs the extra `pgm`.

    raises   ImpossibleRequest for more than six lesions, whose tables would not fit
    """
    from pgmpy.factors.discrete import TabularCPD
    from pgmpy.models import DiscreteBayesianNetwork

    if len(lesions) > MOST_LESIONS:
        raise ImpossibleRequest(f"a pgmpy model of {len(lesions)} lesions is too large; it is for up to {MOST_LESIONS}")
    parameters = parameters or shipped_parameters()
    patient = read_patient(lesions, coverage, facts or Facts(), parameters, coverage_pet, station_coverage)
    tables = model_tables(patient)
    model = DiscreteBayesianNetwork()
    model.add_nodes_from(tables)
    for name, (_, parents, _) in tables.items():
        model.add_edges_from((parent, name) for parent in parents)
    for name, (states, parents, table) in tables.items():
        model.add_cpds(TabularCPD(
            name, len(states), table.reshape(len(states), -1), evidence=list(parents) or None,
            evidence_card=[len(tables[parent][0]) for parent in parents] or None,
            state_names={name: list(states), **{parent: list(tables[parent][0]) for parent in parents}},
        ))  # fmt: skip
    return model


def observed(model) -> dict[str, str]:
    """The evidence a query of the model needs: everything was seen as it was."""
    return {name: "yes" for name in model.nodes() if str(name).endswith(SEEN)}


def model_tables(patient: Patient) -> dict[str, tuple[tuple[str, ...], tuple[str, ...], np.ndarray]]:
    """Node -> (states, parents, table (states, *parents)); the last axis runs over the last parent, as pgmpy wants it."""
    return Network(patient).tables()


class Network:
    """The tables of one patient, made in the order of `tables`; `h` runs over hypotheses, the last of them no cancer."""

    def __init__(self, patient: Patient):
        self.patient = patient
        self.evidence, self.parameters = patient.evidence, patient.parameters
        self.assignments: Assignments = assign(patient.evidence)
        self.hypotheses: Hypotheses = list_hypotheses(
            patient.evidence, known_traits(patient), self.assignments, patient.facts.population, patient.scan,
            patient.reference, patient.parameters,
        )  # fmt: skip
        self.count = len(self.hypotheses.weight)
        self.labels = (*(self.label(h) for h in range(self.count)), NONE)
        self.t_names = (*T_SPREAD, "T0")
        self.played = self.organs_in_play()
        self.organ_states = [
            (contra, *(number // 3**q % 3 for q in range(len(self.played))))
            for number in range(3 ** len(self.played)) for contra in (0, 1)
        ]  # fmt: skip
        self.open_stations = [self.stations_open(h) for h in range(self.count)]
        self.most_open = max((len(stations) for stations in self.open_stations), default=0)

    def label(self, h: int) -> str:
        """Name of a hypothesis."""
        names = {UNSEEN: "not seen", **dict(enumerate(self.evidence.ids))}
        second = self.hypotheses.second[h]
        also = "" if second == NOBODY else f" and {self.evidence.ids[second]}"
        return f"{names[int(self.hypotheses.primary[h])]}{also} in {LOBES[self.hypotheses.lobe[h]]}"

    def tables(self):
        """Every node."""
        nodes = {
            "primary": (self.labels, (), self.primary()),
            "histology": (HISTOLOGIES, ("primary",), self.histology()),
            "nodules of its side": (("none", "other lobe", "same lobe", "both"), ("primary",), self.nodules()),
            "tumour T": (self.t_names, ("primary",), self.tumour_t()),
            "T": (self.t_names, ("tumour T", "nodules of its side"), self.lifted()),
            "N": (N_FINE, ("T", "histology", "primary"), self.n_given()),
            "M": (M_FINE, ("T", "N", "histology", "primary"), self.m_given()),
            "stations": (self.station_names(), ("N", "primary"), self.stations()),
            "organs": (self.organ_names(), ("M", "histology", "N", "T"), self.organs()),
        }
        for k in self.assignments.doubtful:
            nodes[f"{self.evidence.ids[k]} is"] = (self.kind_names(k), ("primary",), self.kind_of(k))
        nodes[f"nothing more {SEEN}"] = (("yes", "no"), ("primary", "nodules of its side", "organs"), self.nothing_more())
        nodes[f"stations {SEEN}"] = (("yes", "no"), ("primary", "stations"), self.station_facts())
        for k, name in enumerate(self.evidence.ids):
            if self.lung_or_node(k):
                nodes[f"{name} {SEEN}"] = (("yes", "no"), *self.lesion(k))
        for q, o in enumerate(self.played):
            nodes[f"{self.parameters.organs[o].organ} {SEEN}"] = (("yes", "no"), *self.organ(q, o))
        return nodes

    def primary(self) -> np.ndarray:
        """(h + 1)"""
        people = self.parameters.populations[self.patient.facts.population]
        free = no_cancer(self.patient) / max(float(np.prod(self.evidence.good)), 1e-300) / max(1 - people.cancer, 1e-300)
        weight = np.append(self.hypotheses.weight, (1 - people.cancer) * (free > 0))
        return weight / weight.sum()

    def histology(self) -> np.ndarray:
        """(6, h + 1)"""
        plain = np.full((1, len(HISTOLOGIES)), 1 / len(HISTOLOGIES))
        return np.concatenate([self.hypotheses.histology, plain]).T

    def side_prior(self) -> np.ndarray:
        """(h, 4) prior of separate nodules of the side."""
        numbers = self.parameters.numbers
        same, other = STATES[::2, 0], STATES[::2, 1]
        prior = np.where(same, numbers.same_lobe_nodules, 1 - numbers.same_lobe_nodules)
        prior = prior * np.where(other, numbers.other_lobe_nodules, 1 - numbers.other_lobe_nodules)
        return np.where((self.hypotheses.primary == UNSEEN)[:, None], np.eye(4)[0], prior)

    def nodules(self) -> np.ndarray:
        """(4, h + 1)"""
        return np.concatenate([self.side_prior(), np.eye(4)[:1]]).T

    def tumour_t(self) -> np.ndarray:
        """(10, h + 1)"""
        t8 = t8_of(self.patient)[self.hypotheses.primary]
        table = np.zeros((len(self.t_names), self.count + 1))
        table[:-1, :-1] = (t8 / t8.sum(axis=1, keepdims=True)).T
        table[-1, -1] = 1.0
        return table

    def lifted(self) -> np.ndarray:
        """(10, 10, 4)"""
        table = np.zeros((10, 10, 4))
        lifted = lifted_t(self.parameters)
        for state in range(4):
            table[lifted[state], np.arange(9), state] = 1.0
        table[9, 9] = 1.0
        return table

    def n_given(self) -> np.ndarray:
        """(5, T, histology, h + 1)"""
        table = np.zeros((5, 10, 6, self.count + 1))
        table[0] = 1.0
        joint = self.spread().sum(axis=2)
        table[:, :9, :, :-1] = np.moveaxis(joint, 0, 3)
        return table

    def spread(self) -> np.ndarray:
        """(h, n, m, 9, 6) P(N, M | T, histology), without the weight of hypothesis and histology."""
        prior = spread_prior(self.hypotheses, self.patient.facts.population, self.parameters)
        weight = (self.hypotheses.weight[:, None] * self.hypotheses.histology)[:, None, None, None, :]
        plain = np.zeros_like(prior)
        plain[:, 0, 0] = 1.0
        return np.where(weight > 0, prior / np.where(weight > 0, weight, 1.0), plain)

    def m_given(self) -> np.ndarray:
        """(5, T, N, histology, h + 1)"""
        table = np.zeros((5, 10, 5, 6, self.count + 1))
        table[0] = 1.0
        joint = self.spread()
        n = joint.sum(axis=2, keepdims=True)
        given = np.where(n > 0, joint / np.where(n > 0, n, 1.0), np.eye(5)[0][:, None, None])
        table[:, :9, :, :, :-1] = given.transpose(2, 3, 1, 4, 0)
        return table

    def stations_open(self, h: int) -> tuple[int, ...]:
        """Stations of the drainage that a lesion or fact speaks of."""
        own = self.node_lesions()
        return tuple(stations_in_play(self.rates(h)[own] * p_bad(self.evidence, own)[:, None], self.facts(h)))

    def node_lesions(self) -> list[int]:
        """Lesions that are, or may be, nodes."""
        fixed = self.assignments.fixed
        return [k for k in range(len(fixed)) if fixed[k] == NODES or (fixed[k] < 0 and self.evidence.target[k, NODES] > 0)]

    def rates(self, h: int) -> np.ndarray:
        """(k, n) of node_rates."""
        lobe = LOBES[self.hypotheses.lobe[h]]
        return node_rates(self.evidence, lobe, self.patient.scan, self.patient.reference, self.parameters)

    def facts(self, h: int) -> np.ndarray:
        """(n, 2) of station_facts."""
        drainage = self.parameters.drainage[LOBES[self.hypotheses.lobe[h]]]
        return station_facts(self.patient.findings, drainage.home, len(drainage.stations))

    def station_names(self) -> tuple[str, ...]:
        """One state for each pattern of open stations, and one for what would have shown more."""
        return (*(f"pattern {code}" for code in range(2**self.most_open)), "other")

    def stations(self) -> np.ndarray:
        """(patterns + 1, N, h + 1) with P(nothing more found), the rest in "other"."""
        table = np.zeros((2**self.most_open + 1, 5, self.count + 1))
        sizes = size_step(np.append(np.exp(self.evidence.log_size), self.parameters.numbers.drainage_size_mm))
        for h in range(self.count):
            lobe = LOBES[self.hypotheses.lobe[h]]
            drainage = self.parameters.drainage[lobe]
            shown = np.zeros(len(drainage.stations), bool)
            shown[self.rates(h)[self.node_lesions()].any(axis=0)] = True
            missing = missed(self.patient.scan, drainage.stations, shown)
            size = float(sizes[self.hypotheses.primary[h]])
            part = summed_out(self.parameters, lobe, size, missing, self.open_stations[h])
            by_n = part @ n_columns()
            table[: len(by_n), :, h] = by_n
        table[0, :, -1] = 1.0
        table[-1] = np.maximum(1.0 - table[:-1].sum(axis=0), 0.0)
        return table

    def station_facts(self) -> np.ndarray:
        """(2, h + 1, patterns + 1) what biopsies of stations say; "other" was not seen."""
        table = np.zeros((2, self.count + 1, 2**self.most_open + 1))
        for h in range(self.count):
            facts = self.facts(h)[list(self.open_stations[h])]
            for code in range(2 ** len(facts)):
                table[0, h, code] = np.prod([row[code >> j & 1] for j, row in enumerate(facts)])
        table[0, -1, 0] = np.prod(self.patient.findings.stations[:, 0])
        table[1] = 1.0 - table[0]
        return table

    def organs_in_play(self) -> list[int]:
        """Organs that a lesion or a fact speaks of."""
        spoken = (self.patient.findings.organs != 1).any(axis=1)
        for k in range(len(self.evidence.ids)):
            columns = [self.assignments.fixed[k]] if self.assignments.fixed[k] >= 0 else np.flatnonzero(self.evidence.target[k])
            for column in columns:
                if column >= FIRST_ORGAN:
                    spoken[column - FIRST_ORGAN] = True
        return [int(o) for o in np.flatnonzero(spoken) if o != CONTRALATERAL]

    def organ_names(self) -> tuple[str, ...]:
        """Nodules of the other lung or not, each organ in play none, one or many; and what would have shown more."""
        words = ("none", "one", "many")
        names = [self.parameters.organs[o].organ for o in self.played]
        states = [
            " ".join([("other lung" if state[0] else "-"), *(f"{n} {words[level]}" for n, level in zip(names, state[1:]))])
            for state in self.organ_states
        ]
        return (*states, "other")

    def organs(self) -> np.ndarray:
        """(states + 1, M, histology, N, T) with P(nothing more found)."""
        patient = self.patient
        arguments = (self.evidence, self.assignments, patient.scan, patient.reference, self.parameters, None)
        quiet = np.array([
            organ_likelihood(o, [], *arguments) if o != CONTRALATERAL else (1.0, 1.0, 1.0)
            for o in range(len(self.parameters.organs))
        ]).T  # fmt: skip
        trivial = OrganLevels(*(np.ones((1, quiet.shape[1])) for _ in range(3)))
        prior = m_weights(trivial, self.parameters).sum(axis=4)
        table = np.zeros((len(self.organ_states) + 1, 5, 6, 5, 10))
        for row, state in enumerate(self.organ_states):
            levels = quiet.copy()
            for o, level in zip(self.played, state[1:]):
                levels[:, o] = np.arange(3) == level
            given = m_weights(OrganLevels(*levels[:, None, :]), self.parameters)[:, :, :, :, state[0]] / prior
            # (1, histology, n3, t4, M)
            for n in range(5):
                for t in range(10):
                    table[row, :, :, n, t] = given[0, :, int(n == 4), int(t == 8), :].T
        table[-1] = np.maximum(1.0 - table[:-1].sum(axis=0), 0.0)
        return table

    def kind_names(self, k: int) -> tuple[str, ...]:
        """What a doubtful lesion can be."""
        organs = [organ.organ for organ in self.parameters.organs]
        names = ("lung", "node", *organs)
        return tuple(names[column] for column in np.flatnonzero(self.evidence.target[k]))

    def kind_of(self, k: int) -> np.ndarray:
        """(kinds, h + 1): its shares, or lung where it is the primary or the second."""
        columns = np.flatnonzero(self.evidence.target[k])
        table = np.repeat(self.evidence.target[k, columns][:, None], self.count + 1, axis=1)
        for h in np.flatnonzero((self.hypotheses.primary == k) | (self.hypotheses.second == k)):
            table[:, h] = columns == LUNG
        return table

    def nothing_more(self) -> np.ndarray:
        """(2, h + 1, 4, organs) P(no more separate nodules found)."""
        found = state_prior(self.hypotheses, self.patient.scan, self.parameters).reshape(-1, 4, 2)
        prior = self.side_prior()[:, :, None]
        found = np.where(prior > 0, found / np.where(prior > 0, prior, 1.0), 1.0)
        table = np.ones((2, self.count + 1, 4, len(self.organ_states) + 1))
        for row, state in enumerate(self.organ_states):
            table[0, :-1, :, row] = found[:, :, state[0]]
        table[0, :, :, -1] = 0.0
        table[1] = 1.0 - table[0]
        return table

    def lung_or_node(self, k: int) -> bool:
        """Whether a lesion can be of the lung or a node."""
        fixed = self.assignments.fixed[k]
        return fixed in (LUNG, NODES) or (fixed < 0 and bool(self.evidence.target[k, [LUNG, NODES]].any()))

    def lesion(self, k: int) -> tuple[tuple[str, ...], np.ndarray]:
        """Parents and table of one lesion as lung or node."""
        doubtful = self.assignments.fixed[k] < 0
        columns = np.flatnonzero(self.evidence.target[k]) if doubtful else np.array([self.assignments.fixed[k]])
        rates = nodule_rates(self.evidence, self.hypotheses, self.patient.reference, self.parameters)[:, k]
        shape = (self.count + 1, 4, len(self.organ_states) + 1, 2**self.most_open + 1, len(columns))
        seen = np.ones(shape)
        good, in_lung, as_node = self.evidence.good[k], self.evidence.bad_as(LUNG)[k], self.evidence.bad_as(NODES)[k]
        for h in range(self.count):
            if k in (self.hypotheses.primary[h], self.hypotheses.second[h]):
                continue
            own = self.rates(h)[k][list(self.open_stations[h])]
            for position, column in enumerate(columns):
                if column == LUNG:
                    for row, state in enumerate(self.organ_states):
                        ill = STATES[::2, 0] * rates[h, 0] + STATES[::2, 1] * rates[h, 1] + state[0] * rates[h, 2] + rates[h, 3]
                        seen[h, :, row, :, position] = (good + in_lung * ill)[:, None]
                elif column == NODES:
                    for code in range(2 ** len(own)):
                        ill = sum(rate for j, rate in enumerate(own) if code >> j & 1)
                        seen[h, :, :, code, position] = good + as_node * ill
        for position, column in enumerate(columns):
            if column in (LUNG, NODES):
                seen[-1, ..., position] = good
        seen /= seen.max()
        parents = ("primary", "nodules of its side", "organs", "stations")
        if not doubtful:
            seen = seen[..., 0]
        return (*parents, *((f"{self.evidence.ids[k]} is",) if doubtful else ())), np.stack([seen, 1.0 - seen])

    def organ(self, q: int, o: int) -> tuple[tuple[str, ...], np.ndarray]:
        """Parents and table of the lesions and facts of one organ."""
        column = FIRST_ORGAN + o
        fixed = [int(k) for k in self.assignments.of_column(column)]
        doubtful = [int(k) for k in self.assignments.doubtful if self.evidence.target[k, column] > 0]
        kinds = [np.flatnonzero(self.evidence.target[k]) for k in doubtful]
        seen = np.zeros((len(self.organ_states) + 1, *(len(own) for own in kinds)))
        facts = self.patient.findings.organs[o]
        for choice in np.ndindex(*seen.shape[1:]):
            here = fixed + [k for k, own, c in zip(doubtful, kinds, choice) if own[c] == column]
            found = organ_likelihood(
                o, here, self.evidence, self.assignments, self.patient.scan, self.patient.reference, self.parameters, None
            )
            shares = np.prod([share_of(self.evidence, self.assignments, k, column) for k in here])
            for row, state in enumerate(self.organ_states):
                level = state[1 + q]
                seen[(row, *choice)] = found[level] / shares * facts[int(level > 0)]
        seen /= seen.max()
        parents = ("organs", *(f"{self.evidence.ids[k]} is" for k in doubtful))
        return parents, np.stack([seen, 1.0 - seen])


def n_columns() -> np.ndarray:
    """(12, 5) from Patterns.detail to N."""
    from .drainage import n_of_detail

    return (n_of_detail()[:, None] == np.arange(len(N_FINE))).astype(float)
