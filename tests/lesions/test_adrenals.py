"""Masses of the adrenals: thicker than a healthy gland, in fat, where the gland may lie; what is full of lipid is an adenoma."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lesions.test_bone import GRID, NOTHING, ball
from lesions.test_malignancy import traits

from lungstage.geometry import Grid
from lungstage.lesions.adrenals import GLANDS, find_adrenals
from lungstage.lesions.around import bone_around, p_enclosed
from lungstage.lesions.malignancy import judge
from lungstage.lesions.parameters import load_lesion_parameters
from lungstage.lesions.search import Search
from lungstage.records import Blobs, PatientFrame, ShapeSamples

NUMBERS = load_lesion_parameters()
FAT, SOFT = -100.0, 35.0
RIGHT_MM, LEFT_MM = np.array([-40.0, 0.0, 0.0]), np.array([40.0, 0.0, 0.0])
BLOCKS = Grid((70, 70, 110), (2.0, 2.0, 2.0), (-110.0, -70.0, -70.0))


def anatomy_with(organ=lambda points: np.zeros(len(points))):
    """Both glands 40 mm beside the middle; organ: P(liver) at points."""
    names = (*GLANDS, "liver")
    eye = np.repeat(np.eye(3)[None], 2, axis=0)
    blobs = Blobs(names, np.array([RIGHT_MM, LEFT_MM]), eye / 36.0, np.full(2, 2.2), np.full(2, 12.0), np.ones(2), np.arange(2))
    return SimpleNamespace(
        blobs=blobs, frame=PatientFrame(np.zeros(3), np.eye(3), np.full(3, 200.0)), region_names=names,
        region_probability=lambda points: np.stack([np.zeros(len(points))] * 2 + [organ(np.asarray(points))], axis=1),
    )  # fmt: skip


def found(soft, noise_hu=0.0, anatomy=None, airy=None):
    """Spots where `soft` says of points (z, y, x, 3) in mm what is soft tissue in fat."""
    points = BLOCKS.to_mm(np.moveaxis(np.indices(BLOCKS.shape), 0, -1))
    hu = np.where(soft(points), SOFT, FAT).astype(np.float32)
    hu += np.random.default_rng(3).normal(0.0, noise_hu, hu.shape).astype(np.float32)
    no = np.zeros(BLOCKS.shape, bool)
    search = Search(BLOCKS, hu, no.astype(np.uint8), no, no, no, ~no)
    return find_adrenals(search, anatomy or anatomy_with(), NUMBERS.search)


def a_ball(centre, radius):
    return lambda points: np.linalg.norm(points - np.asarray(centre, float), axis=-1) <= radius


@pytest.mark.parametrize("radius", [7.0, 12.0, 20.0])
@pytest.mark.parametrize("noise_hu", [0.0, 40.0])
def test_a_mass_of_either_gland_is_found_whole(radius, noise_hu):
    for middle in (RIGHT_MM, LEFT_MM):
        centre = middle + [4.0, -6.0, 8.0]
        (spot,) = found(a_ball(centre, radius), noise_hu)
        assert np.linalg.norm(spot.centre_mm - centre) <= 2.5
        assert spot.radius_mm == pytest.approx(radius, rel=0.2, abs=1.0)


def test_a_healthy_gland_is_none():
    """Two limbs of 5 mm that meet in a ridge."""

    def limbs(points):
        x, y, z = np.moveaxis(points - LEFT_MM, -1, 0)
        return (abs(abs(x) - 0.8 * (y + 15)) <= 3.2) & (abs(y + 1) <= 18) & (abs(z) <= 12)

    assert not found(limbs)


def test_what_lies_elsewhere_or_is_an_organ_is_none():
    assert not found(a_ball(LEFT_MM + [0.0, 60.0, 0.0], 12.0))
    assert not found(a_ball(LEFT_MM, 45.0))


def test_a_mass_that_touches_a_large_organ_is_told_from_it():
    liver = a_ball([-40.0, -62.0, 0.0], 50.0)
    mass = a_ball(RIGHT_MM, 13.0)
    spots = found(lambda points: liver(points) | mass(points), anatomy=anatomy_with(lambda p: (p[:, 1] < -14.0).astype(float)))

    assert np.linalg.norm(spots[0].centre_mm - RIGHT_MM) <= 4.0
    assert spots[0].radius_mm == pytest.approx(13.0, rel=0.2)
    assert len(spots[0].beside)


def test_no_more_than_a_few_are_looked_at():
    many = [a_ball(LEFT_MM + 22.0 * np.array(step), 8.0) for step in ((0, 0, 0), (1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, 0, 1))]
    spots = found(lambda points: np.any([one(points) for one in many], axis=0))

    assert len(spots) == NUMBERS.search.adrenals_at_most
    assert np.linalg.norm(spots[0].centre_mm - LEFT_MM) <= 2.5  # the nearest to where the gland lies comes first


def density_reason(hu):
    (reason,) = [one for one in judge("adrenal", traits(25.0, hu_inner=hu))[1] if one.term == "density"]
    return reason.log_odds


def test_a_mass_full_of_lipid_is_an_adenoma():
    """Most adenomas have 10 HU or less, hardly any deposit has."""
    assert density_reason(-5.0) < -2.0
    assert density_reason(5.0) < -1.0
    assert density_reason(35.0) > 0.3


@given(st.floats(-50, 300), st.floats(-50, 300))
def test_denser_is_never_less_malignant_and_contrast_says_nothing_more(one, other):
    one, other = sorted((one, other))
    assert density_reason(one) <= density_reason(other) <= NUMBERS.malignancy.lipid_log_odds[1]


@pytest.mark.parametrize(("over_liver", "low", "high"), [(0.7, -3.0, -1.5), (1.0, -1.6, -0.8), (1.3, -0.3, 0.6), (3.0, 2.0, 3.5)])
def test_uptake_is_weighed_against_that_of_the_liver(over_liver, low, high):
    (reason,) = [
        one
        for one in judge("adrenal", traits(25.0, suv=3.0, uptake_over_liver=over_liver, p_enclosed=1.0))[1]
        if one.term == "uptake"
    ]
    assert low <= reason.log_odds <= high


def test_what_a_kidney_may_take_up_counts_unless_fat_lies_around():
    def uptake(enclosed):
        more = dict(uptake_over_liver=4.0, p_physiological=0.9, p_enclosed=enclosed)
        return next(one.log_odds for one in judge("adrenal", traits(25.0, suv=9.0, **more))[1] if one.term == "uptake")

    assert uptake(0.0) < 0.5
    assert uptake(1.0) > 3.0


def test_both_glands_may_be_sick():
    """Unlike brown fat and muscle, which are alike on both sides because they are healthy."""
    one, pair = (judge("adrenal", traits(30.0, suv=8.0, uptake_over_liver=3.0, p_symmetric=p)) for p in (0.0, 1.0))
    assert one == pair


def samples_of(mask):
    one = np.ones(1)
    return ShapeSamples(GRID, mask[None].astype(np.uint8), one, one, one, one)


def survey_around(own, bone=NOTHING, soft=NOTHING):
    ct = SimpleNamespace(values=np.where(own | soft | bone, 40, -100).astype(np.int16), grid=GRID)
    skeleton = SimpleNamespace(labels=bone.astype(np.uint8))
    return SimpleNamespace(study=SimpleNamespace(ct=ct), skeleton=skeleton, numbers=NUMBERS)


def test_a_body_of_its_own_has_fat_around():
    own = ball((50.0, 50.0, 40.0), 10.0)

    assert p_enclosed(samples_of(own), survey_around(own)) > 0.95
    assert p_enclosed(samples_of(own), survey_around(own, soft=ball((50.0, 50.0, 40.0), 30.0))) < 0.05


def test_psoas_has_the_spine_beside_it():
    spine = ball((50.0, 80.0, 40.0), 25.0)
    own = ball((50.0, 50.0, 40.0), 12.0) & ~spine

    assert bone_around(survey_around(own), samples_of(own)) == 0.0
    assert bone_around(survey_around(own, bone=spine), samples_of(own)) > NUMBERS.search.against_spine
