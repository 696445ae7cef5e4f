"""Pixels read straight from the file are those that pydicom decodes; what is not plain is left to pydicom."""

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.pixels import pixel_array
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, JPEGLSLossless, JPEGLSNearLossless, RLELossless
from study.scans import ORIGIN, add_plane, plain

from lungstage.study import jpeg_ls
from lungstage.study.headers import quietly
from lungstage.study.inventory import take_inventory
from lungstage.study.pixels import PixelReader
from lungstage.study.plain_pixels import cut_to_bits, plain_pixels

RANGES = {(8, 0): (0, 255), (8, 1): (-128, 127), (12, 0): (0, 4095), (12, 1): (-2048, 2047), (16, 0): (0, 65535),
          (16, 1): (-32768, 32767)}  # fmt: skip
SYNTAXES = {"implicit": ImplicitVRLittleEndian, "explicit": None, "JPEG-LS": JPEGLSLossless, "near JPEG-LS": JPEGLSNearLossless}


def written(path, bits, signed, syntax):
    """One CT slice of 13 x 17 random numbers over the whole range of its bits."""
    low, high = RANGES[bits, signed]
    dtype = np.dtype(f"{'i' if signed else 'u'}{1 if bits == 8 else 2}")
    ds = add_plane(plain(), np.random.default_rng(bits).integers(low, high + 1, (13, 17)).astype(dtype), ORIGIN)
    ds.BitsStored, ds.HighBit = bits, bits - 1
    if syntax == "implicit":
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    elif SYNTAXES.get(syntax, syntax) is not None:
        more = {"jls_error": 2} if syntax == "near JPEG-LS" else {}
        ds.compress(SYNTAXES.get(syntax, syntax), generate_instance_uid=False, **more)
    ds.save_as(path, enforce_file_format=True)
    return path


def slice_of(path):
    with quietly():
        return take_inventory(path).slices[0]


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(("bits", "signed"), RANGES)
def test_plain_pixels_are_those_that_pydicom_decodes(tmp_path, bits, signed, syntax):
    path = written(tmp_path / "ct.dcm", bits, signed, syntax)

    pixels = plain_pixels(slice_of(path))

    expected = pixel_array(dcmread(path), raw=True)
    assert pixels.dtype.kind == expected.dtype.kind and pixels.dtype.itemsize == expected.dtype.itemsize
    np.testing.assert_array_equal(pixels, expected)


def test_an_overlay_above_the_highest_bit_is_no_density():
    stored = np.array([[0xF123, 0x0FFF]], "<u2")

    np.testing.assert_array_equal(cut_to_bits(stored, 12), [[0x123, 0xFFF]])
    np.testing.assert_array_equal(cut_to_bits(stored.view("<i2"), 12), [[0x123, -1]])


@pytest.mark.parametrize("syntax", [RLELossless, ExplicitVRBigEndian])
def test_other_transfer_syntaxes_are_left_to_pydicom(tmp_path, syntax):
    ds = add_plane(plain(), np.arange(221, dtype=np.uint16).reshape(13, 17), ORIGIN)
    if syntax is RLELossless:
        ds.compress(syntax, generate_instance_uid=False)
        ds.save_as(tmp_path / "ct.dcm", enforce_file_format=True)
    else:
        ds.file_meta.TransferSyntaxUID = syntax
        ds.PixelData = np.arange(221, dtype=">u2").tobytes()
        ds["PixelData"].VR = "OW"
        ds.save_as(tmp_path / "ct.dcm", enforce_file_format=True, little_endian=False, implicit_vr=False)
    piece = slice_of(tmp_path / "ct.dcm")

    assert plain_pixels(piece) is None
    np.testing.assert_array_equal(PixelReader().stored(piece), np.arange(221).reshape(13, 17))


def test_a_shorter_or_longer_pixel_element_is_left_to_pydicom(tmp_path):
    ds = add_plane(plain(), np.zeros((13, 17), np.uint16), ORIGIN)
    ds.PixelData = ds.PixelData + b"\0" * 40
    ds.save_as(tmp_path / "long.dcm", enforce_file_format=True)
    whole = written(tmp_path / "whole.dcm", 16, 0, "explicit").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[:-9])

    for name in ("long.dcm", "cut.dcm"):
        (tmp_path / name).rename(tmp_path / "alone.dcm")
        assert plain_pixels(slice_of(tmp_path / "alone.dcm")) is None
        (tmp_path / "alone.dcm").unlink()


def test_without_the_functions_of_charls_pydicom_decodes(tmp_path, monkeypatch):
    path = written(tmp_path / "ct.dcm", 12, 0, "JPEG-LS")
    monkeypatch.setattr(jpeg_ls, "charls", lambda: None)
    piece = slice_of(path)

    assert plain_pixels(piece) is None
    np.testing.assert_array_equal(PixelReader().stored(piece), pixel_array(dcmread(path), raw=True))


def test_a_codestream_of_another_size_than_the_header_says_is_not_decoded_here():
    ds = add_plane(plain(), np.zeros((13, 17), np.uint16), ORIGIN)
    ds.compress(JPEGLSLossless, generate_instance_uid=False)
    from pydicom.encaps import get_frame

    frame = get_frame(ds.PixelData, 0, number_of_frames=1)

    assert jpeg_ls.decode_jpeg_ls(frame, (13, 17), np.dtype("<u2"), 16) is not None
    assert jpeg_ls.decode_jpeg_ls(frame, (12, 17), np.dtype("<u2"), 16) is None
    assert jpeg_ls.decode_jpeg_ls(frame, (13, 17), np.dtype("<u1"), 8) is None
    with pytest.raises(ValueError, match="ends early"):
        jpeg_ls.decode_jpeg_ls(frame[:40], (13, 17), np.dtype("<u2"), 16)
