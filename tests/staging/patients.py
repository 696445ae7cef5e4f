"""Small patients made of numbers: lesions with the traits a test names, everything else ordinary."""

from dataclasses import dataclass, replace

import numpy as np

from lungstage.geometry import Grid
from lungstage.records import Contact, Lesion, Lesions, Place, Reason, ShapeSamples, Spread
from lungstage.records.names import DENSITIES

WHOLE_BODY = {
    "lungs": 1.0, "mediastinum": 1.0, "hila": 1.0, "liver": 1.0, "adrenals": 1.0, "brain": 1.0, "skeleton": 1.0,
}  # fmt: skip
THORAX = {**WHOLE_BODY, "liver": 0.4, "adrenals": 0.5, "brain": 0.0, "skeleton": 0.35}
BASE = {"pulmonary": -1.5, "node": -2.0, "effusion": -1.0, "pleural": -1.0}


@dataclass(frozen=True)
class Traits:
    """What a test says of a lesion beyond its size and suspicion.

    lobe, station   a name or a distribution
    region          the place's distribution, where lobe does not say it
    invades         structure -> P
    """

    lobe: object = "right_upper_lobe"
    station: object = None
    density: str = "solid"
    solid_mm: float | None = None
    invades: dict | None = None
    p_kind: dict | None = None
    region: dict | None = None
    spread_mm: float = 0.5
    log_odds_as: dict | None = None


def lesion(id="L1", kind="pulmonary", size_mm=25.0, log_odds=4.0, **traits):
    """One lesion. log_odds: of malignancy of the lesion alone; traits: of `Traits`."""
    told = Traits(**traits)
    sizes = np.maximum(size_mm + told.spread_mm * np.linspace(-1.7, 1.7, 16), 0.5)
    solid = sizes if told.solid_mm is None else np.full_like(sizes, told.solid_mm)
    mask = np.ones((len(sizes), 1, 1, 1), np.uint8)
    samples = ShapeSamples(Grid((1, 1, 1), (1.0, 1.0, 1.0)), mask, sizes, sizes, solid, sizes**3 * 5e-4)
    base = BASE.get(kind, -1.5)
    lobes = told.lobe if isinstance(told.lobe, dict) else {told.lobe: 1.0}
    right = sum(p for name, p in lobes.items() if name.startswith("right"))
    stations = {told.station: 1.0} if isinstance(told.station, str) else told.station
    region = told.region or (lobes if kind in ("pulmonary", "collapse") or told.p_kind else {"mediastinum": 1.0})
    contacts = tuple(
        Contact(name, float(np.mean(p)), 10.0, 60.0, 0.5, np.broadcast_to(np.asarray(p, float), sizes.shape))
        for name, p in (told.invades or {}).items()
    )
    return Lesion(
        id=id,
        kind=kind,
        p_kind=told.p_kind or {kind: 1.0},
        centre_mm=(0.0, 0.0, 0.0),
        slice=None,
        place=Place({"right": right, "left": 1.0 - right}, region, stations),
        longest_diameter_mm=Spread.of(sizes),
        short_axis_mm=Spread.of(sizes),
        solid_diameter_mm=Spread.of(solid),
        volume_ml=Spread.of(sizes**3 * 5e-4),
        density={name: float(name == told.density) for name in DENSITIES},
        hu_mean=30.0,
        suv_max=None,
        suv_mean=None,
        suv_unit=None,
        contacts=contacts,
        base_log_odds=base,
        reasons=(Reason("look", None, log_odds - base),),
        p_malignant=1 / (1 + np.exp(-log_odds)),
        samples=samples,
        log_odds_as=told.log_odds_as or {},
    )


def node(id, station, log_odds, size_mm=12.0, **more):
    """A lymph node of a station."""
    return lesion(id, "node", size_mm, log_odds, station=station, **more)


def lesions(*items):
    """The lesions of a patient."""
    return Lesions(tuple(items))


MIRRORED_STATION = {"3a": "3a", "3p": "3p", "7": "7", "8": "8"}


def mirrored(one):
    """The lesion on the other side; only for places that both sides have."""
    swap = {"right": "left", "left": "right"}
    region = {}
    for name, p in one.place.region.items():
        first, _, rest = name.partition("_")
        region[f"{swap[first]}_{rest}" if first in swap else name] = p
    station = None
    if one.place.station is not None:
        station = {
            MIRRORED_STATION.get(name, name[:-1] + {"R": "L", "L": "R"}.get(name[-1], name[-1])): p
            for name, p in one.place.station.items()
        }
    side = {swap[name]: p for name, p in one.place.side.items()}
    return replace(one, place=Place(side, region, station))
