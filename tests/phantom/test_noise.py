"""Noise of a CT against what physics says of it, on slices of water and air."""

from dataclasses import replace

import numpy as np
import pytest

from lungstage.kernels.threads import set_threads
from lungstage.phantom.noise import make_filters, reconstruct
from lungstage.phantom.parameters import read_table, shipped_parameters
from lungstage.phantom.protocol import draw_protocol
from lungstage.phantom.streams import stream

PIXEL_MM = 2.0


@pytest.fixture
def protocol():
    drawn = draw_protocol(shipped_parameters(), stream(1, "protocol"))
    return replace(drawn, ct_psf_mm=1.38, f0_per_mm=0.18, p=2.0, edge=0.0, ct_noise_hu=20.0, next_slice=0.25, padded=False)


def ellipse(half_x_mm, half_y_mm, slices=6, side=160) -> np.ndarray:
    """Water in air."""
    j, i = (np.mgrid[0:side, 0:side] - (side - 1) / 2) * PIXEL_MM
    plane = np.where((i / half_x_mm) ** 2 + (j / half_y_mm) ** 2 <= 1, 0.0, -1000.0).astype(np.float32)
    return np.repeat(plane[None], slices, axis=0)


def middle_noise(hu) -> float:
    centre = hu.shape[1] // 2
    return float(hu[:, centre - 12 : centre + 12, centre - 12 : centre + 12].std())


def test_a_trunk_of_280_mm_of_water_has_the_noise_the_protocol_tells(protocol):
    hu = reconstruct(ellipse(140, 140), PIXEL_MM, protocol, stream(1, "x"))

    assert middle_noise(hu) == pytest.approx(20.0, rel=0.12)  # 576 pixels, correlated over three


def test_a_thick_patient_is_noisier_than_a_thin_one(protocol):
    thin, thick = (middle_noise(reconstruct(ellipse(r, r), PIXEL_MM, protocol, stream(1, "x"))) for r in (100, 150))

    assert 1.3 < thick / thin < 2.4  # exp(0.5 * 0.019 * 100 mm) = 2.6 without a modulated current


def test_noise_of_a_wide_patient_runs_from_side_to_side(protocol):
    hu = reconstruct(ellipse(156, 36), PIXEL_MM, protocol, stream(1, "x")).astype(float)
    inner = hu[:, 72:88, 40:120]

    along, across = (np.diff(inner, axis=axis).std() for axis in (2, 1))

    assert along < 0.85 * across, (along, across)  # smoother along x than along y: streaks


def test_neighbouring_slices_share_as_much_noise_as_the_protocol_says(protocol):
    hu = reconstruct(ellipse(140, 140, slices=40), PIXEL_MM, protocol, stream(1, "x")).astype(float)
    inner = hu[:, 60:100, 60:100].reshape(40, -1)

    next_one = np.corrcoef(inner[:-1].ravel(), inner[1:].ravel())[0, 1]
    after = np.corrcoef(inner[:-2].ravel(), inner[2:].ravel())[0, 1]

    assert next_one == pytest.approx(0.25, abs=0.04)
    assert abs(after) < 0.04


def test_the_power_of_noise_follows_the_kernel(protocol):
    filters = make_filters(128, PIXEL_MM, protocol)

    total = filters.grain.sum(axis=0)
    f = np.hypot(np.fft.fftfreq(128, PIXEL_MM)[:, None], np.fft.rfftfreq(128, PIXEL_MM)[None, :])
    ring = (f > 0.11) & (f < 0.14), (f > 0.02) & (f < 0.04)

    assert total[ring[0]].mean() > total[ring[1]].mean()  # f exp(-(f / 0.18)^2) peaks at 0.127


def test_noise_has_the_same_bits_on_one_two_and_four_threads(protocol):
    made = []
    try:
        for threads in (1, 2, 4):
            set_threads(threads)
            made.append(reconstruct(ellipse(120, 90, slices=40), PIXEL_MM, protocol, stream(4, "x")))
    finally:
        set_threads(None)

    assert np.array_equal(made[0], made[1])
    assert np.array_equal(made[0], made[2])


def test_what_a_caller_sets_wins_and_leaves_the_rest_as_it_was():
    plain = draw_protocol(shipped_parameters(), stream(9, "protocol"))
    wished = draw_protocol(replace(shipped_parameters(), ct_slice_mm=4.0), stream(9, "protocol"))

    assert wished == replace(plain, ct_slice_mm=4.0)


def test_patients_are_scanned_in_many_ways():
    drawn = [draw_protocol(shipped_parameters(), stream(seed, "protocol")) for seed in range(300)]

    assert {one.name for one in drawn} == set(read_table("protocols")["protocol"])
    assert len({one.ct_slice_mm for one in drawn}) >= 6
