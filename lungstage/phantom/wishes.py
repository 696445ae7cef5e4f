"""T, N and M as wished in one edition in, a plan of the disease out: what kind of tumour, which stations, which metastases.

The rules are those of `tnm`: a kind of tumour fits a wish when the rules give that T at both ends of its sizes, a pattern of
stations or metastases when they give that N or M. What is not wished is drawn as in a clinic.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from ..errors import ImpossibleRequest
from ..records.names import LOBES
from ..tnm import describe_tnm, n_of_station, read_edition
from .parameters import Table, read_table
from .streams import stream

NOT_MADE = {"NX": "its scan shows the nodal stations"}
DISTANT = ("M1b", "M1c1", "M1c2")
IN_THE_CHEST = {"contra_nodule", "pleural_nodules", "pleural_eff"}
STATION_SIDES = {"9": ("9R", "9L"), "10": ("10R", "10L"), "11": ("11R", "11L"), "12": ("12R", "12L")}


@dataclass(frozen=True)
class Plan:
    """What the disease will be.

    primary      row of primaries.csv, or None in a healthy patient
    lobe, side   of the primary
    stations     involved nodal stations
    metastases   site of metastases.csv -> how many
    features     what the rules are told of the primary, where it is more than its row says
    """

    primary: dict | None
    lobe: str | None
    side: str | None
    stations: tuple[str, ...]
    metastases: dict[str, int]
    features: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """Features of the primary in the words of the rules."""
        if self.primary is None:
            return ("no_primary",)
        return self.features or ((self.primary["feature"],) if self.primary["feature"] else ())


HEALTHY = Plan(None, None, None, (), {})


def plan_disease(seed: int, t: str | None, n: str | None, m: str | None, edition: int, coverage: str) -> Plan:
    """A plan whose true categories in `edition` are the wished ones; ImpossibleRequest lists what may be wished."""
    rules = check_wishes(t, n, m, edition)
    rng = stream(seed, "plan")
    kinds, drainage = read_table("primaries"), read_table("drainage")
    fitting = [index for index in range(len(kinds)) if t is None or gives_t(kinds.row(index), t, edition)]
    if not fitting:
        raise ImpossibleRequest(
            f"no tumour of the {edition}th edition with T {t} can be drawn; allowed are {allowed_t(kinds, edition)}"
        )
    weights = kinds["weight"][fitting]
    primary = kinds.row(fitting[pick(rng, weights if weights.sum() > 0 else np.ones(len(fitting)))])
    home = drainage.row(pick(rng, lobe_weights(drainage, primary)))
    side = "right" if home["lobe"].startswith("right") else "left"
    word_n = draw_n(rng, primary, n)
    stations = draw_stations(rng, home, side, word_n, rules)
    word_m = draw_m(rng, primary, word_n, edition, m)
    return Plan(primary, home["lobe"], side, stations, draw_metastases(rng, word_m, coverage))


def lobes_needed(plan: Plan) -> frozenset[str]:
    """Lobes that a patient with this disease still has: the tumour's, or all where it has spread in lungs or pleura."""
    if plan.primary is None:
        return frozenset()
    spread = set(plan.metastases) & IN_THE_CHEST or any(feature.startswith("nod_") for feature in plan.told)
    return frozenset(LOBES) if spread or plan.primary["feature"] else frozenset({plan.lobe})


def check_wishes(t, n, m, edition: int):
    """The edition's rules, or ImpossibleRequest for a category it does not know or that cannot be drawn."""
    rules = read_edition(edition)
    for letter, wish, names in (("T", t, rules.t_names), ("N", n, rules.n_names), ("M", m, rules.m_names)):
        allowed = [name for name in names if name not in NOT_MADE]
        if wish is not None and wish not in allowed:
            why = f" (a synthetic patient has no {wish}: {NOT_MADE[wish]})" if wish in NOT_MADE and wish in names else ""
            hint = " (say N2a or N2b)" if wish == "N2" and "N2a" in names else ""
            raise ImpossibleRequest(f"{letter} {wish} in the {edition}th edition{why}{hint}: allowed are {', '.join(allowed)}")
    return rules


def allowed_t(kinds: Table, edition: int) -> str:
    """T categories that some kind of tumour gives."""
    names = read_edition(edition).t_names
    rows = [kinds.row(index) for index in range(len(kinds))]
    return ", ".join(name for name in names if any(gives_t(row, name, edition) for row in rows))


def gives_t(primary: dict, t: str, edition: int) -> bool:
    """Whether both ends of this kind's sizes have that T."""
    return all(t_of(primary, share, edition) == t for share in (0.0, 1.0))


def t_of(primary: dict, share: float, edition: int) -> str:
    """T of a kind of tumour at a share of the way from its smallest to its largest."""
    feature = primary["feature"] or None
    if primary["density"] == "none":
        return t_by_rules(None, None, feature, edition)
    size = primary["low"] + share * (primary["high"] - primary["low"])
    inner = primary["solid_low"] + share * (primary["solid_high"] - primary["solid_low"])
    return t_by_rules(float(size), float(size if primary["density"] == "solid" else inner), feature, edition)


@cache
def t_by_rules(size_mm: float | None, solid_mm: float | None, feature: str | None, edition: int) -> str:
    """T of a tumour of that size with at most one feature."""
    features = [feature] if feature else []
    return describe_tnm(size_mm=size_mm, solid_mm=solid_mm, features=features, side="right", edition=edition).t


def pick(rng: np.random.Generator, weights) -> int:
    """An index drawn by weight."""
    weights = np.asarray(weights, float)
    return int(np.searchsorted(np.cumsum(weights) / weights.sum(), rng.random(), side="right"))


def lobe_weights(drainage: Table, primary: dict) -> np.ndarray:
    """Lobes by how often tumours sit there, without those that cannot hold this one."""
    weights = drainage["share"].copy()
    lobes = list(drainage["lobe"])
    if primary["density"] != "none" and (primary["high"] > 40 or primary["feature"]):
        weights[lobes.index("right_middle_lobe")] = 0
    if primary["feature"] == "mb_ge2":  # the right main bronchus is shorter than 20 mm
        weights[[lobe.startswith("right") for lobe in lobes]] = 0
    if primary["feature"] == "diaphragm":
        weights[["lower" not in lobe for lobe in lobes]] = 0
    return weights


def draw_n(rng: np.random.Generator, primary: dict, wish: str | None) -> str:
    """N in the words of the 9th edition."""
    words = ("N0", "N1", "N2a", "N2b", "N3")
    table = read_table("spread")
    row = table.row(table["t"].index(t_of(primary, 0.5, 8)))
    weights = np.array([row[word.lower()] for word in words])
    if wish is not None:
        weights = weights * [word == wish or word[:2] == wish for word in words]
    return words[pick(rng, weights)]


def draw_stations(rng: np.random.Generator, home: dict, side: str, word_n: str, rules) -> tuple[str, ...]:
    """Stations that make that N for a tumour of this lobe."""
    if word_n == "N0":
        return ()
    mine = 0 if side == "right" else 1
    level = {"N1": {}, "N2": {}, "N3": {}}
    for name in ("2R", "4R", "2L", "4L", "3a", "3p", "5", "6", "7", "8", "9", "10", "11", "12"):
        station = STATION_SIDES.get(name, (name, name))[mine]
        level[n_of_station(station, side, rules)[:2]][station] = home[name]
    level["N3"][STATION_SIDES["10"][1 - mine]] = home["contra10"]
    level["N3"].update({"1R": 0.15 if mine == 0 else 0.06, "1L": 0.06 if mine == 0 else 0.15})
    chosen = draw_some(rng, level["N1"], {"N1": 1 + (rng.random() < 0.4)}.get(word_n, int(rng.random() < 0.6)))
    if word_n in ("N2a", "N2b", "N3"):
        count = {"N2a": 1, "N2b": 2 + (rng.random() < 0.35), "N3": 1 + (rng.random() < 0.5)}[word_n]
        chosen += draw_some(rng, level["N2"], count)
    if word_n == "N3":
        chosen += draw_some(rng, level["N3"], 1 + (rng.random() < 0.3))
    return chosen


def draw_some(rng: np.random.Generator, weights: dict[str, float], count: int) -> tuple[str, ...]:
    """`count` different names, one after another by weight."""
    left, chosen = dict(weights), []
    for _ in range(min(int(count), len(left))):
        names = list(left)
        chosen.append(names[pick(rng, [left[name] for name in names])])
        del left[chosen[-1]]
    return tuple(chosen)


def draw_m(rng: np.random.Generator, primary: dict, word_n: str, edition: int, wish: str | None) -> str:
    """M in the words of the 9th edition; a wish of an older one is split up."""
    names = ("M0", "M1a", "M1b", "M1c1", "M1c2")
    table = read_table("spread")
    log_odds = table["m_log_odds"][table["t"].index(t_of(primary, 0.5, 8))]
    log_odds += {"N0": 0, "N1": 0.45, "N2a": 0.8, "N2b": 1.15, "N3": 1.6}[word_n]
    sick = 1 / (1 + np.exp(-log_odds))
    weights = np.array([1 - sick, *(sick * np.array([0.27, 0.13, 0.18, 0.42]))])
    if wish is not None:
        older = {"M0": {"M0"}, "M1a": {"M1a"}, "M1b": set(DISTANT) if edition == 7 else {"M1b"}, "M1c": {"M1c1", "M1c2"}}
        fitting = older.get(wish, {wish})
        weights = weights * [name in fitting for name in names]
    return names[pick(rng, weights)]


def draw_metastases(rng: np.random.Generator, word_m: str, coverage: str) -> dict[str, int]:
    """Sites and numbers that make that M."""
    table = read_table("metastases")
    rows = [table.row(index) for index in range(len(table)) if coverage == "body" or table["needs"][index] == "thorax"]
    near = {row["site"]: row for row in rows if not row["organ"]}
    far = {row["site"]: row for row in rows if row["organ"]}
    if word_m == "M0":
        return {}
    if word_m == "M1a":
        sites, table = draw_some(rng, {name: row["weight"] for name, row in near.items()}, 1), near
    else:
        count = 2 + (rng.random() < 0.35) if word_m == "M1c2" else 1
        sites, table = draw_some(rng, {name: row["weight"] for name, row in far.items()}, count), far
    found = {}
    for site in sites:
        most = int(table[site]["most"])
        single = rng.random() < table[site]["single"]
        several = int(rng.integers(2, most + 1)) if most > 1 else 1
        found[site] = {"M1b": 1, "M1c1": max(several, 2)}.get(word_m, 1 if single else several)
    if word_m in DISTANT and rng.random() < 0.25:
        found["contra_nodule"] = 1 + int(rng.integers(0, 3))
    return found
