"""People who are built otherwise: each variant comes at its rate and is what it says."""

from dataclasses import replace

import numpy as np
import pytest

from lungstage.phantom import make_case
from lungstage.phantom.anatomy import build_anatomy
from lungstage.phantom.bones import spine_line
from lungstage.phantom.fields import FIELD
from lungstage.phantom.organs import organ
from lungstage.phantom.parameters import read_table
from lungstage.phantom.trunk import domes
from lungstage.phantom.variants import BOW_LENGTH_MM, WHOLE_GAP_MM, Variants, draw_variants, lobes_of, vessels_of

CROWD = 4000


@pytest.fixture(scope="module")
def crowd():
    return [draw_variants(seed) for seed in range(CROWD)]


@pytest.fixture(scope="module")
def bare(coarse):
    """Coarse patients with hardly any vessels in their lungs."""
    return replace(coarse, field_step_mm=6.0, arteries_per_lung=6, veins_per_lung=6)


def first_with(crowd, name):
    return next(seed for seed, one in enumerate(crowd) if name in one.names)


def litres(fields, name):
    return float((fields.values[FIELD[name]] < 0).sum()) * fields.step_mm**3 / 1e6


def test_variants_come_at_their_rates(crowd):
    for name, share in zip(*(read_table("variants")[column] for column in ("variant", "share")), strict=True):
        found = np.mean([name in one.names for one in crowd])
        assert found == pytest.approx(share, abs=4.5 * np.sqrt(share * (1 - share) / CROWD)), name


def test_one_spine_in_eight_bows_by_ten_degrees_or_more(crowd):
    z = np.linspace(-250, 120, 400)
    for one in crowd:
        slopes = np.degrees(np.arctan(np.gradient(one.spine_off_mm(z), z)))
        cobb = slopes.max() - slopes.min()
        if "scoliosis" in one.names:
            assert 9 < cobb < 75, one.bow  # the curve back below the bow adds to it
        else:
            assert cobb == 0


def test_a_bowed_spine_takes_the_heads_of_its_ribs_along(crowd, bare):
    seed = max(range(300), key=lambda one: abs(crowd[one].bow[0]))
    anatomy = build_anatomy(seed, "thorax", bare)
    person, table = anatomy.person, read_table("vertebrae")
    straight = spine_line(replace(person, variants=replace(person.variants, bow=(0.0, 0.0))), table)
    bowed = spine_line(person, table)

    moved = bowed[:, 0] - straight[:, 0]
    assert abs(moved).max() == pytest.approx(abs(person.variants.bow[0]) * person.scale[0], rel=0.35)  # heights are sampled
    assert np.array_equal(bowed[:, 1:], straight[:, 1:])
    assert abs(moved[abs(table["z"] - person.variants.bow[1]) > 4 * BOW_LENGTH_MM]).max(initial=0) < 0.5
    ribs = anatomy.structures["bones"].of("rib_marrow")
    for at in bowed[7:17]:
        assert np.linalg.norm(ribs.rows[:, 1:4] - at, axis=1).min() < 45  # half a body, the rib's head and its start


@pytest.mark.parametrize("name", sorted(set(read_table("variant_vessels")["variant"])))
def test_vessels_of_a_variant_replace_those_of_the_table(crowd, name):
    other, table = read_table("variant_vessels"), read_table("great_vessels")
    own = {other["name"][k] for k in range(len(other)) if other["variant"][k] == name}
    found = vessels_of(crowd[first_with(crowd, name)])

    for vessel in own:
        rows = [k for k in range(len(other)) if (other["variant"][k], other["name"][k]) == (name, vessel)]
        mine = [k for k in range(len(found)) if found["name"][k] == vessel]
        assert [found["x"][k] for k in mine][-len(rows) :] == [other["x"][k] for k in rows]
    assert set(table["name"]) <= set(found["name"])


def test_an_arch_on_the_right_passes_right_of_the_trachea(crowd, bare):
    seed = first_with(crowd, "right_arch")
    anatomy = build_anatomy(seed, "thorax", bare)
    wide = anatomy.structures["great_vessel"]
    arch = wide.rows[(wide.rows[:, 16] > 12 * anatomy.person.size) & (wide.rows[:, 3] > 10 * anatomy.person.scale[2])]

    behind_the_front = arch[arch[:, 2] > -30 * anatomy.person.scale[1]]
    assert len(behind_the_front) > 1
    assert (behind_the_front[:, 1] < -20 * anatomy.person.scale[0]).all()


def test_an_incomplete_fissure_is_missing_at_the_hilum_and_there_at_the_edge(crowd, bare):
    seed = first_with(crowd, "incomplete_oblique_left")
    anatomy = build_anatomy(seed, "thorax", bare)
    fields, place = anatomy.fields, anatomy.person.place
    gap = anatomy.person.variants.gaps_mm["oblique_left"]

    hilum = place((40.0, 4.0, -24.0))
    index = np.argwhere(np.abs(fields.values[FIELD["oblique_left"]]) < fields.step_mm)
    points = index[:, ::-1] * fields.step_mm + fields.origin_mm
    inside = points[fields.at("lung_left", points) < -8]
    away = np.linalg.norm(inside - hilum, axis=1)
    shown = fields.at("pleura", inside) < 0
    assert not shown[away < gap - fields.step_mm].any()
    assert shown[away > gap + fields.step_mm].all()
    assert WHOLE_GAP_MM > 300  # farther than any lung reaches


@pytest.mark.parametrize("lobe", ["right_upper_lobe", "right_lower_lobe", "left_upper_lobe"])
def test_a_lobe_that_was_taken_leaves_its_room_to_the_others(crowd, bare, lobe):
    seed = next(seed for seed, one in enumerate(crowd) if one.removed == {lobe})
    side = lobe.split("_")[0]
    operated, whole = (build_anatomy(seed, "thorax", bare, needed) for needed in (frozenset(), frozenset({lobe})))

    assert litres(operated.fields, lobe) == 0 < litres(whole.fields, lobe)
    assert litres(operated.fields, f"lung_{side}") < litres(whole.fields, f"lung_{side}")  # the dome has come up
    others = [one for one in lobes_of(side) if one != lobe]
    assert sum(litres(operated.fields, one) for one in others) == pytest.approx(litres(operated.fields, f"lung_{side}"), rel=0.03)
    assert operated.bronchi.cut
    assert not whole.bronchi.cut


def test_a_patient_without_a_lung_can_be_scanned_and_told(crowd, bare):
    seed = next(seed for seed, one in enumerate(crowd) if one.lungless)
    case = make_case(seed, normal=True, parameters=bare)
    side = case.anatomy.person.variants.lungless
    other = "left" if side == "right" else "right"

    assert litres(case.anatomy.fields, f"lung_{side}") == 0 < litres(case.anatomy.fields, f"lung_{other}")
    assert not [one for one in case.truth.lesions if one.lobe and one.lobe.startswith(side)]
    assert case.truth.patient["removed"].split() == sorted(lobes_of(side))
    assert f"apex_{side}" not in case.truth.landmarks


def test_nobody_loses_the_lobe_his_tumour_sits_in(crowd, bare):
    operated = [seed for seed, one in enumerate(crowd) if one.removed and not one.lungless][:12]
    for seed in operated:
        for lobe in crowd[seed].removed:
            assert not crowd[seed].sparing(frozenset({lobe})).removed
            assert crowd[seed].sparing(frozenset({"another"})).removed == {lobe}


def test_a_raised_dome_takes_the_liver_along(crowd, bare):
    seed = first_with(crowd, "raised_dome_right")
    anatomy = build_anatomy(seed, "thorax", bare)
    plain = replace(anatomy.person, variants=Variants())
    dome, liver = domes(plain, bare)[0], organ(plain, read_table("organs"), "liver_right", bare).rows[0, 1:4]

    assert anatomy.landmarks["dome_right"][2] - dome[2] > 15
    assert anatomy.landmarks["liver_centre"][2] - liver[2] > 15
