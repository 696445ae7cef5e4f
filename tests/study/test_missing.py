"""What is missing or cut short is said in one line that names it."""

import numpy as np
import pytest
from pydicom.encaps import encapsulate, generate_frames
from study.scans import compress, ct_series, pet_series, save

from lungstage.errors import MissingImage, UnreadableInput
from lungstage.study import inspect, read_pet, read_study


def test_nothing_to_read_is_said_in_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("hello")
    (tmp_path / "file.txt").write_text("hello")

    for path in (tmp_path / "absent", tmp_path / "empty", tmp_path / "texts", tmp_path / "file.txt"):
        for read in (read_study, read_pet, inspect):
            with pytest.raises(UnreadableInput) as caught:
                read(path)
            assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_header_cut_short_is_called_damaged(tmp_path):
    whole = (save(ct_series()[:1], tmp_path) / "000.dcm").read_bytes()
    (tmp_path / "000.dcm").write_bytes(whole[:200])

    with pytest.raises(UnreadableInput, match="000.dcm"):
        read_study(tmp_path)


def test_pixels_cut_short_name_the_file(tmp_path):
    save(ct_series(), tmp_path)
    whole = (tmp_path / "002.dcm").read_bytes()
    (tmp_path / "002.dcm").write_bytes(whole[:-200])

    with pytest.raises(UnreadableInput, match="002.dcm"):
        read_study(tmp_path)


def test_pet_without_ct_says_what_is_missing(tmp_path):
    save(pet_series(np.full((6, 12, 12), 2000.0)), tmp_path)

    with pytest.raises(MissingImage, match="PET but no CT"):
        read_study(tmp_path)


def test_a_volume_of_one_value_is_no_image(tmp_path):
    """As some decoders give without an error: zeros."""
    save(ct_series(np.full((4, 22, 26), -1024, np.int16)), tmp_path)

    with pytest.raises(UnreadableInput, match="no image in it"):
        read_study(tmp_path)


def test_a_compressed_slice_that_was_cut_off_is_refused_at_once(tmp_path):
    """The decoder looked for the end of such a frame for minutes."""
    series = ct_series()
    compress(series[3], "JPEG-LS")
    frame = next(generate_frames(series[3].PixelData, number_of_frames=1))
    series[3].PixelData = encapsulate([frame[: len(frame) // 4 * 2]])
    save(series, tmp_path)

    with pytest.raises(UnreadableInput, match="003.dcm: its pixels cannot be read .its JPEG-LS frame ends early"):
        read_study(tmp_path)
