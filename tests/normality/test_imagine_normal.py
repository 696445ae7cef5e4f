"""The imagined healthy patient: disease stands out, physiology does not, and disease does not move the expectation."""

from dataclasses import replace

import numpy as np
import pytest

from lungstage.geometry import Grid
from lungstage.normality import imagine_normal, load_normality_parameters
from lungstage.normality.pet import FLOOR_SUV, deviations, deviations_of_mixture, ventricle_share
from lungstage.records.anatomy import Landmark

from .patient import CT_GRID, ORGANS, PET_GRID, Patient

NODULE = ((60, -20, 40), 9.0, 30.0, 6.0)  # in the left lung
CONSOLIDATED_LOBE = ((62, 30, -20), 40.0, 20.0, 3.0)


def imagine(patient: Patient):
    return imagine_normal(*patient.records())


def value_at(volume, grid, point_mm):
    return volume[tuple(np.rint(grid.to_index(point_mm)).astype(int))]


@pytest.fixture(scope="module")
def healthy():
    return imagine(Patient())


def test_a_healthy_patient_is_as_expected(healthy):
    for z in (healthy.z_ct, healthy.z_pet):
        # drawn borders are sharper than those of life, about one voxel in fifteen lies at one, one in ten of these deviates
        assert (abs(z) > 4).mean() < 0.01


def test_outside_the_body_nothing_deviates(healthy):
    assert healthy.z_pet[0, 0, 0] == 0
    assert healthy.z_ct[0, 0, 0] == 0


def test_the_patients_own_lung_is_measured():
    for level in (-860, -740):
        found = imagine(Patient(lung_hu=(level, level))).lung_hu.mean

        assert abs(found - level) < 15, f"lung of {level} HU measured as {found:.0f}"


def test_lung_at_the_back_is_expected_denser(healthy):
    front, back = (value_at(healthy.expected_hu, healthy.grid, (-62, y, 0)) for y in (-40, 40))

    assert back - front == pytest.approx(32, abs=12)  # 4 HU for each of 8 cm as drawn; the prior is the same


def test_a_nodule_stands_out_in_both_images():
    normal = imagine(Patient(spots=(NODULE,)))

    assert value_at(normal.z_ct, normal.grid, NODULE[0]) > 4
    assert value_at(normal.z_pet, normal.grid_pet, NODULE[0]) > 4


def test_a_hot_node_in_the_mediastinum_stands_out():
    node = ((0, 20, 10), 9.0, 40.0, 8.0)

    normal = imagine(Patient(spots=(node,)))

    assert value_at(normal.z_pet, normal.grid_pet, node[0]) > 3.5


@pytest.mark.parametrize("organ, suv", [("heart", 9.0), ("kidney_left", 25.0), ("liver", 2.3)])
def test_what_an_organ_may_take_up_does_not_stand_out(organ, suv):
    centre = ORGANS[organ][0]

    normal = imagine(Patient(spots=((centre, 12.0, None, suv),)))

    assert value_at(normal.z_pet, normal.grid_pet, centre) < 3.0


HEART = np.array(ORGANS["heart"][0], float)
VALVES = {  # 60 mm from the middle of the atrium to the apex, slanting as hearts lie
    "left_atrium": Landmark(HEART - (18.0, -14.0, -14.0), 25.0 * np.eye(3), False),
    "heart_apex": Landmark(HEART + (24.0, -18.0, -18.0), 25.0 * np.eye(3), False),
}


@pytest.mark.parametrize(("landmark", "stands_out"), [("left_atrium", True), ("heart_apex", False)])
def test_a_heart_that_may_glow_glows_at_its_ventricles(landmark, stands_out):
    place = VALVES[landmark].point_mm + (HEART - VALVES[landmark].point_mm) * 0.2
    muscle = (tuple(HEART + (16.0, -12.0, -12.0)), 12.0, None, 6.0)  # this patient's does

    study, lungs, skeleton, anatomy = Patient(spots=(muscle, (tuple(place), 9.0, None, 7.0))).records()
    normal = imagine_normal(study, lungs, skeleton, replace(anatomy, landmarks=VALVES))

    z = value_at(normal.z_pet, normal.grid_pet, place)
    assert z > 3.5 if stands_out else z < 3.0


def test_where_ventricles_begin_does_not_hang_on_how_the_patient_lies():
    numbers = load_normality_parameters()
    points = HEART + np.random.default_rng(0).normal(0, 30, (50, 3))
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    turned = {name: replace(one, point_mm=turn @ one.point_mm + 7.0) for name, one in VALVES.items()}
    anatomy = Patient().records()[3]

    share = ventricle_share(points, replace(anatomy, landmarks=VALVES), numbers)
    ends = ventricle_share(np.stack([VALVES[name].point_mm for name in VALVES]), replace(anatomy, landmarks=VALVES), numbers)

    np.testing.assert_allclose(ventricle_share(points @ turn.T + 7.0, replace(anatomy, landmarks=turned), numbers), share)
    assert ends[0] < 0.02 and ends[1] > 0.98
    assert (ventricle_share(points, anatomy, numbers) == 1).all()  # not known: anywhere


def test_a_hot_liver_metastasis_stands_out():
    place = (-60, 0, -105)

    normal = imagine(Patient(spots=((place, 10.0, 40.0, 9.0),)))

    assert value_at(normal.z_pet, normal.grid_pet, place) > 3.5


def test_a_consolidated_lobe_does_not_move_what_is_expected_elsewhere(healthy):
    ill = imagine(Patient(spots=(CONSOLIDATED_LOBE,)))

    assert abs(ill.lung_hu.mean - healthy.lung_hu.mean) < 15
    place = (-62, 0, 20)
    before, after = (value_at(n.expected_suv, n.grid_pet, place) for n in (healthy, ill))
    assert abs(after / before - 1) < 0.1


def test_one_dense_lung_is_measured_by_the_other():
    normal = imagine(Patient(lung_hu=(-820.0, -450.0)))

    assert abs(normal.lung_hu.mean + 820) < 20


@pytest.mark.parametrize("scale", [0.75, 1.3])
def test_the_references_follow_the_patient(scale):
    normal = imagine(Patient(suv_scale=scale))

    # held by priors of a fifth, measured to a tenth: two thirds of the way at least
    for spread, drawn, usual in ((normal.blood_suv, 1.6, 1.6), (normal.liver_suv, 2.1, 2.1)):
        assert abs(np.log(spread.q50 / usual)) > 0.6 * abs(np.log(scale * drawn / usual))


def test_an_unseen_liver_is_expected_with_a_wider_spread(healthy):
    unseen = imagine(Patient(missing=("liver",)))

    assert unseen.liver_suv.sd > 1.3 * healthy.liver_suv.sd
    assert unseen.liver_suv.q50 == pytest.approx(load_normality_parameters().liver_suv)


def test_contrast_medium_is_expected_where_blood_is():
    enhanced = imagine(Patient(blood_hu=180))

    aorta = ORGANS["aorta"][0]
    assert value_at(enhanced.expected_hu, enhanced.grid, aorta) > 130
    assert abs(value_at(enhanced.z_ct, enhanced.grid, aorta)) < 2


def test_without_pet_the_fields_of_the_pet_are_none():
    normal = imagine(Patient(with_pet=False))

    assert normal.grid_pet is None and normal.z_pet is None and normal.blood_suv is None and normal.liver_suv is None
    assert normal.z_ct.shape == normal.grid.shape


def test_a_pet_beside_the_ct_is_still_compared():
    away = Grid(PET_GRID.shape, PET_GRID.spacing_mm, (-153.0, -110.0, 400.0))

    normal = imagine(Patient(pet_grid=away))

    assert np.isfinite(normal.z_pet).all() and np.isfinite(normal.expected_suv).all()


def test_a_patient_without_lungs_is_imagined_with_those_of_the_priors():
    normal = imagine(Patient(missing=("lungs",)))

    assert normal.lung_hu.mean == load_normality_parameters().lung_hu
    assert np.isfinite(normal.z_ct).all() and np.isfinite(normal.z_pet).all()


def test_noise_at_the_end_of_a_pet_is_no_disease():
    patient = Patient()
    study, *others = patient.records()
    noisy = study.pet.values.copy()
    noisy[-3:] *= np.exp(np.random.default_rng(5).normal(0, 0.8, noisy[-3:].shape)).astype(np.float32)

    normal = imagine_normal(replace(study, pet=replace(study.pet, values=noisy)), *others)

    assert (normal.z_pet[-3:] > 3.5).sum() < 0.001 * noisy[-3:].size


def test_the_same_patient_gives_the_same_bits(healthy):
    again = imagine(Patient())

    for name in ("expected_hu", "spread_hu", "z_ct", "expected_suv", "spread_suv", "z_pet"):
        assert np.array_equal(getattr(again, name), getattr(healthy, name))
    assert CT_GRID.shape != healthy.grid_pet.shape


def mixture_z(suv, parts, shares, glare=0.0, noise=0.05):
    suv = np.atleast_1d(np.asarray(suv, float))
    possible = [np.full(suv.shape, share) for share in shares]
    everywhere = np.ones(suv.shape, bool)
    return deviations_of_mixture(
        suv, [(share, np.log(m), s**2) for share, (m, s) in zip(possible, parts)], possible, np.full(suv.shape, glare),
        everywhere, np.full(suv.size, noise),
    )  # fmt: skip


def test_one_part_alone_deviates_as_one_distribution_does():
    suv = np.array([0.3, 1.0, 2.0, 5.0, 9.0])
    one = deviations(suv, np.full(5, np.log(1.2)), np.full(5, 0.3**2), np.full(5, 0.05))

    assert mixture_z(suv, [(1.2, 0.3)], [1.0]) == pytest.approx(one, rel=1e-5, abs=1e-5)


def test_a_mixture_deviates_as_draws_from_it_do():
    """Against draws: a part, then what it shows with its own spread and the noise."""
    rng = np.random.default_rng(4)
    parts, shares, noise = [(0.45, 0.25), (1.25, 0.3)], [0.4, 0.6], 0.05
    which = rng.choice(2, size=400_000, p=shares)
    centre, spread = np.array(parts)[which].T
    logs = np.log(centre + FLOOR_SUV) + np.hypot(spread * centre / (centre + FLOOR_SUV), noise) * rng.normal(size=len(which))
    for suv in (0.4, 0.8, 1.3, 1.8, 2.3):
        from scipy.special import ndtr

        more = (logs > np.log(suv + FLOOR_SUV)).mean()
        assert ndtr(-mixture_z(suv, parts, shares, noise=noise)[0]) == pytest.approx(more, abs=4 * np.sqrt(more / len(logs)))


def test_more_uptake_deviates_more_however_hot():
    z = mixture_z(np.geomspace(0.05, 500.0, 200), [(0.45, 0.25), (1.25, 0.3)], [0.5, 0.5])

    assert (np.diff(z) >= 0).all() and np.isfinite(z).all() and z[-1] > 15


def test_what_neither_part_shows_surprises_though_either_may_be_there():
    """A node of SUV 4 where lung of 0.45 may be mediastinum of 1.25: the blend of both is so wide that it looks usual."""
    shares, means, spread = np.array([0.4, 0.6]), np.log([0.45, 1.25]), 0.3
    mean = float(shares @ means)
    variance = spread**2 + float(shares @ (means - mean) ** 2)

    assert deviations(np.array([4.0]), np.array([mean]), np.array([variance]), np.array([0.05]))[0] < 3
    assert mixture_z(4.0, [(0.45, spread), (1.25, spread)], shares)[0] > 3.5
