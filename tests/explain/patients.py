"""A small finished Report by hand: one tumour, one node, one harmless nodule; for everything that turns reports into files."""

import numpy as np

from lungstage.pipeline import Report, StageRun
from lungstage.records import (
    Anatomy,
    Blobs,
    Choice,
    Contact,
    EditionStaging,
    Effect,
    Facts,
    Fissures,
    Grid,
    ImageCard,
    Landmark,
    Lesion,
    Lesions,
    LungQuality,
    Lungs,
    Normal,
    Note,
    Passport,
    PatientFrame,
    PatientHeader,
    Place,
    Reason,
    RuleMatch,
    SeriesCard,
    ShapeSamples,
    Skeleton,
    SliceLabel,
    Spread,
    Staging,
    StationLimits,
    StoredOrder,
    Study,
    SuvStep,
    Volume,
    WouldChange,
)
from lungstage.records.names import COVERED, STATIONS
from lungstage.tables import shipped_priors

GRID = Grid((24, 40, 44), (5.0, 5.0, 5.0), (-110.0, -100.0, -60.0))
PET_GRID = Grid((20, 30, 34), (6.0, 6.0, 6.0), (-100.0, -90.0, -55.0))
T_NAMES = {
    7: ("T0", "Tis", "T1a", "T1b", "T2a", "T2b", "T3", "T4", "TX"),
    8: ("T0", "Tis", "T1mi", "T1a", "T1b", "T1c", "T2a", "T2b", "T3", "T4", "TX"),
    9: ("T0", "Tis", "T1mi", "T1a", "T1b", "T1c", "T2a", "T2b", "T3", "T4", "TX"),
}
N_NAMES = {7: ("N0", "N1", "N2", "N3", "NX"), 8: ("N0", "N1", "N2", "N3", "NX"), 9: ("N0", "N1", "N2a", "N2b", "N3", "NX")}
M_NAMES = {7: ("M0", "M1a", "M1b"), 8: ("M0", "M1a", "M1b", "M1c"), 9: ("M0", "M1a", "M1b", "M1c1", "M1c2")}
MARKED_DESCRIPTION = '<script>alert("x")</script>'


def ball(grid: Grid, centre_mm, radius_mm: float) -> np.ndarray:
    points = grid.to_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    return np.linalg.norm(points - np.asarray(centre_mm), axis=-1) <= radius_mm


def study(with_pet: bool = True, stored: StoredOrder | None = None) -> Study:
    random = np.random.default_rng(1)
    hu = random.normal(40, 15, GRID.shape)
    hu[:, :6] = hu[:, -6:] = hu[:, :, :5] = hu[:, :, -5:] = -1000
    for x in (-50, 50):
        hu[ball(GRID, (x, 0, 0), 42)] = -850
    hu[ball(GRID, (55, 0, 10), 16)] = 45
    pet = random.random(PET_GRID.shape, dtype=np.float32)
    pet[ball(PET_GRID, (55, 0, 10), 16)] = 9.0
    ct_card = ImageCard("1.2.3", GRID, "HU")
    steps = (SuvStep("weight and dose", {"PatientWeight": "80"}),)
    passport = Passport(
        (SeriesCard("1.2.3", "CT", MARKED_DESCRIPTION, "B30f", 24, GRID.spacing_mm, 0.0, True),
         SeriesCard("1.2.4", "CT", "TOPOGRAM", None, 1, None, None, False, "localizer")),
        ct_card, ImageCard("1.2.5", PET_GRID, "SUVbw", "exact", steps) if with_pet else None, {"ct": 120.0},
        (Note("duplicate_slices", "2 slices are stored twice.", "One copy of each is used."),), "a" * 64,
    )  # fmt: skip
    return Study(
        Volume(hu.astype(np.int16), GRID, "HU"), Volume(pet, PET_GRID, "SUVbw") if with_pet else None, passport,
        slices=tuple(SliceLabel(24 - k, f"1.2.3.{k}") for k in range(24)), stored=stored or StoredOrder(),
        patient=PatientHeader(patient_id="SECRET-17"),
    )  # fmt: skip


def lungs(empty: bool = False) -> Lungs:
    right, left = (ball(GRID, (x, 0, 0), 42).astype(np.uint8) for x in (-50, 50))
    tumour = ball(GRID, (55, 0, 10), 16)
    hull = (right + 2 * left).astype(np.uint8)
    left[tumour] = 0
    airway = ball(GRID, (0, 0, 30), 8).astype(np.uint8)
    body = np.ones(GRID.shape, np.uint8)
    body[:, :6] = 0
    if empty:
        right, left, airway, hull = (np.zeros_like(mask) for mask in (right, left, airway, hull))
    note = (Note("no_air", "No air-filled organ was found."),) if empty else ()
    quality = LungQuality(0.0 if empty else 1.0, (), 15.0, right.sum() / 8, left.sum() / 8, airway.sum() / 8, note)
    return Lungs(GRID, right, left, airway, hull, body, 0.01 if empty else 0.99, quality)


def anatomy(with_pet: bool = True, lungs_covered: float = 1.0) -> Anatomy:
    stations = len(STATIONS)
    spread = np.tile(np.eye(3) * 100.0, (stations, 1, 1))
    names = ("right_upper_lobe", "left_upper_lobe", "heart", "liver")
    blobs = Blobs(
        names, np.array([[-50, 0, 0], [50, 0, 0], [0, -20, -30], [-40, 0, -60]], float), np.tile(np.eye(3) / 900.0, (4, 1, 1)),
        np.ones(4), np.full(4, 5.0), np.ones(4),
    )  # fmt: skip
    fissures = Fissures(
        ("right_oblique", "right_horizontal", "left_oblique"), np.zeros((3, 6)), np.zeros((3, 2)), np.full((3, 2), 50.0),
        np.full(3, 8.0), np.zeros(3, bool),
    )  # fmt: skip
    boxes = StationLimits(
        np.full((stations, 3), -50.0), np.full((stations, 3), 50.0), np.full((stations, 3), 5.0), np.zeros((stations, 3)),
        spread, np.ones(stations),
    )  # fmt: skip
    coverage = {name: 1.0 for name in COVERED} | {"brain": 0.0, "adrenals": 0.3, "lungs": lungs_covered}
    frame = PatientFrame((0, 0, 20), np.eye(3), (220, 150, 120))
    landmarks = {"carina": Landmark((0, 0, 20), np.eye(3) * 4.0, True)}
    return Anatomy(
        landmarks, frame, blobs, fissures, boxes, coverage, coverage if with_pet else None, np.zeros((2, 2)),
    )  # fmt: skip


def normal(with_pet: bool = True) -> Normal:
    values = np.full(GRID.shape, -200, np.float32)
    pet = np.ones(PET_GRID.shape, np.float32)
    hot = {"grid_pet": PET_GRID, "expected_suv": pet, "spread_suv": pet, "z_pet": pet, "blood_suv": Spread.normal(1.6, 0.1)}
    return Normal(GRID, values, values * 0 + 50, values * 0, Spread.normal(-850, 20), **(hot if with_pet else {}))


def lesion(name: str, kind: str, centre, radius: float, p: float, role: dict, place: Place, suv=None, contacts=()) -> Lesion:
    index = np.rint(GRID.to_index(centre)).astype(int)
    half = int(radius // 5) + 2
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, GRID.shape)
    box = GRID.box(low, high)
    radii = radius + np.linspace(-1.5, 1.5, 8)
    masks = np.stack([ball(box, centre, r) for r in radii]).astype(np.uint8)
    sizes = 2 * radii
    samples = ShapeSamples(box, masks, sizes, sizes * 0.8, sizes * 0.9, 4 / 3 * np.pi * radii**3 / 1000)
    everything = {"primary": 0.0, "second_primary": 0.0, "satellite": 0.0, "node": 0.0, "metastasis": 0.0, "benign": 0.0} | role
    return Lesion(
        name, kind, {kind: 1.0}, tuple(map(float, centre)), SliceLabel(7, "1.2.3.7"), place, Spread.of(samples.longest_mm),
        Spread.of(samples.short_axis_mm), Spread.of(samples.solid_mm), Spread.of(samples.volume_ml),
        {"solid": 0.9, "part_solid": 0.1, "ground_glass": 0.0, "cavitating": 0.0}, 35.0, suv, None if suv is None else suv / 2,
        None if suv is None else "SUVbw", contacts, -1.0,
        (Reason("longest_diameter", 2 * radius, 1.5), Reason("smooth_edge", None, -0.4)), p, samples, everything,
        {"carina": 60.0},
    )  # fmt: skip


def lesions(with_pet: bool = True) -> Lesions:
    wall = Contact("chest_wall", 0.6, 22.0, 80.0, 0.5, np.full(8, 0.6))
    left = Place({"left": 0.99, "right": 0.01}, {"left_upper_lobe": 0.93, "left_lower_lobe": 0.069, "heart": 0.001})
    node = Place({"left": 0.2, "right": 0.8}, {"mediastinum": 1.0}, {"7": 0.7, "4R": 0.3})
    right = Place({"left": 0.0, "right": 1.0}, {"right_lower_lobe": 1.0})
    return Lesions((
        lesion("L1", "pulmonary", (55, 0, 10), 16, 0.97, {"primary": 0.95, "metastasis": 0.02, "benign": 0.03}, left,
               9.1 if with_pet else None, (wall,)),
        lesion("L2", "node", (0, 5, 5), 8, 0.7, {"node": 0.7, "benign": 0.3}, node, 4.2 if with_pet else None),
        lesion("L3", "pulmonary", (-50, 0, -20), 5, 0.04, {"metastasis": 0.03, "primary": 0.01, "benign": 0.96}, right),
    ))  # fmt: skip


def edition_staging(edition: int) -> EditionStaging:
    from lungstage.tnm import stage_group

    t_names, n_names, m_names = T_NAMES[edition], N_NAMES[edition], M_NAMES[edition]
    joint = np.zeros((len(t_names), len(n_names), len(m_names)))
    n2 = "N2a" if edition == 9 else "N2"
    for t, n, m, p in (("T3", n2, "M0", 0.45), ("T3", "N0", "M0", 0.25), ("T2a", n2, "M0", 0.2), ("T3", n2, "M1b", 0.1)):
        joint[t_names.index(t), n_names.index(n), m_names.index(m)] = p
    stage: dict[str, float] = {}
    for i, t in enumerate(t_names):
        for j, n in enumerate(n_names):
            for k, m in enumerate(m_names):
                group = stage_group(t, n, m, edition=edition)
                stage[group] = stage.get(group, 0.0) + float(joint[i, j, k])
    best = max(stage, key=stage.get)
    choice = ("T3", n2, "M0") if stage_group("T3", n2, "M0", edition=edition) == best else ("T2a", n2, "M0")
    rules = (
        RuleMatch("T3.chest_wall", "grows into the chest wall", 0.6, 0.55, ("L1",)),
        RuleMatch(f"{n2}.single", "one ipsilateral mediastinal station", 0.7, 0.7, ("L2",)),
        RuleMatch("M1b.one", "one metastasis outside the chest", 0.1, 0.1, ()),
    )
    return EditionStaging(
        edition, t_names, n_names, m_names, joint, dict(zip(t_names, joint.sum((1, 2)).tolist(), strict=True)),
        dict(zip(n_names, joint.sum((0, 2)).tolist(), strict=True)), dict(zip(m_names, joint.sum((0, 1)).tolist(), strict=True)),
        stage, Choice(best, stage[best], *choice, 0.45), Choice(best, stage[best], *choice, 0.45, 0.3), rules,
    )  # fmt: skip


def staging(found: Lesions) -> Staging:
    editions = {edition: edition_staging(edition) for edition in (7, 8, 9)}
    effects = tuple(Effect("L2", edition, {**dict.fromkeys(one.stage, 0.0), "IIB": 1.0}) for edition, one in editions.items())
    changes = (
        WouldChange("EBUS of station 7", "negative", 0.3, "IIB", 0.4),
        WouldChange("EBUS of station 7", "positive", 0.7, editions[9].most_likely.stage, 0.4),
    )
    return Staging(
        {"L1": 0.95, "none": 0.03, "unseen": 0.02}, {one.id: dict(one.role) for one in found}, editions, effects, changes,
    )  # fmt: skip


def report(outcome: str = "staged", with_pet: bool = True, stored: StoredOrder | None = None) -> Report:
    """A finished report; "partial" has part of the lungs outside the scan."""
    images = study(with_pet, stored)
    runs = (StageRun("reading", 0.5, 300.0), StageRun("lungs", 1.0, 400.0))
    common = {"facts": Facts(), "edition": 9, "priors": shipped_priors(), "runs": runs}
    if outcome == "no_lungs":
        empty = lungs(empty=True)
        return Report("no_lungs", images, empty, Lesions(()), None, empty.quality.notes, **common)
    found = lesions(with_pet)
    bone = np.zeros(GRID.shape, np.uint8)
    bone[:, 33:, 20:24] = 85
    return Report(
        outcome, images, lungs(), found, staging(found), images.passport.notes,
        anatomy=anatomy(with_pet, 0.8 if outcome == "partial" else 1.0), skeleton=Skeleton(GRID, bone), normal=normal(with_pet),
        **common,
    )  # fmt: skip
