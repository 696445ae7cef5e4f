"""The tables of priors/atlas fit each other and say what anatomy says."""

import numpy as np
import pytest

from lungstage.anatomy.parameters import load_anatomy_parameters
from lungstage.records.names import LOBES, STATIONS
from lungstage.tables import shipped_priors

ATLAS = load_anatomy_parameters().atlas
NODES = dict(zip(STATIONS, ATLAS.stations.mean))


def centre(region):
    rows = [k for k, name in enumerate(ATLAS.shapes.places.names) if name == region]
    return ATLAS.shapes.places.mean[rows].mean(axis=0)


def test_the_carina_is_the_origin_and_nothing_moves_it():
    row = ATLAS.landmarks.names.index("carina")

    assert not ATLAS.landmarks.mean[row].any() and not ATLAS.landmarks.modes[row].any()


def test_every_shape_is_an_ellipsoid():
    assert np.linalg.eigvalsh(ATLAS.shapes.covariances).min() > 0
    assert (ATLAS.shapes.spreads > 0).all() and (ATLAS.shapes.weights >= 0).all()
    assert (ATLAS.landmarks.sd > 0).all() and (ATLAS.stations.sd > 0).all()


@pytest.mark.parametrize("region", [*LOBES, "heart", "aorta", "liver", "spleen", "adrenal_left", "brain", "vertebra_T5", "rib"])
def test_what_the_report_speaks_of_has_a_place(region):
    assert region in ATLAS.shapes.places.names


def test_sides_are_where_they_belong():
    assert centre("liver")[0] < -20 and centre("spleen")[0] > 50 and centre("stomach")[0] > 20
    for name in ("kidney", "adrenal", "clavicle", "scapula", "hilum"):
        assert centre(f"{name}_right")[0] < 0 < centre(f"{name}_left")[0], name


def test_vertebrae_stand_in_their_order():
    heights = [centre(f"vertebra_{name}")[2] for name in ("C3", "C7", "T1", "T5", "T9", "T12", "L1", "L4")]

    assert heights == sorted(heights, reverse=True)


def test_the_carina_lies_at_the_fifth_thoracic_vertebra():
    # supine CT: T5 or its neighbours (Mirjalili 2012 as restated in the tables)
    nearest = min((f"vertebra_T{k}" for k in range(1, 13)), key=lambda name: abs(centre(name)[2]))

    assert nearest in ("vertebra_T5", "vertebra_T6")


def test_stations_lie_in_the_order_of_the_map():
    assert NODES["1R"][2] > NODES["2R"][2] > NODES["4R"][2] > NODES["10R"][2] > NODES["11R"][2]
    assert NODES["1L"][2] > NODES["2L"][2] > NODES["4L"][2] > NODES["10L"][2] > NODES["11L"][2]
    assert NODES["4R"][2] > 0 > NODES["7"][2] > NODES["8"][2], "7 and 8 lie below the carina"
    assert NODES["5"][0] > NODES["4L"][0], "5 lies lateral to the ligament, 4L medial"
    assert NODES["3a"][1] < NODES["4R"][1] < NODES["3p"][1], "from front to back"


def test_sources_of_every_row_are_known():
    sources = shipped_priors().sources()
    for name in ("landmarks", "shapes", "stations", "borders", "fissures", "skeleton"):
        lines = [line for line in shipped_priors().text(f"atlas/{name}.csv").splitlines() if line and line[0] != "#"]
        column = lines[0].split(",").index("source")
        assert {line.split(",")[column] for line in lines[1:]} <= sources, name
