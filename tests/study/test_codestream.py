"""What a compressed frame says of its own size is read before a decoder makes room for it; damage costs no memory."""

import io
import resource

import pytest
from pydicom.encaps import encapsulate, generate_frames
from study.scans import chest, compress, ct_series, enhanced_ct, save

from lungstage.errors import UnreadableInput
from lungstage.study import read_study
from lungstage.study.codestream import StreamSize, check_size, size_of

ROWS, COLUMNS = 40, 44
SYNTAXES = ("JPEG lossless", "JPEG-LS", "JPEG 2000")
ROOM_MB = 300  # a scan of a few kilobytes may cost this at most; the damaged one of the fuzzer took 3,500


def series(syntax):
    made = ct_series(chest((4, ROWS, COLUMNS)))
    for ds in made:
        compress(ds, syntax)
    return made


def frame_of(ds) -> bytes:
    return next(generate_frames(ds.PixelData, number_of_frames=1))


def with_frame(ds, frame: bytes):
    ds.PixelData = encapsulate([frame])
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    return ds


def claiming(frame: bytes, rows: int, columns: int) -> bytes:
    """A frame whose own header says another size."""
    at = max(frame.find(marker) for marker in (b"\xff\xc3", b"\xff\xf7", b"\xff\x4f\xff\x51"))
    if frame[at + 1] == 0x4F:
        return frame[: at + 8] + columns.to_bytes(4, "big") + rows.to_bytes(4, "big") + frame[at + 16 :]
    return frame[: at + 5] + rows.to_bytes(2, "big") + columns.to_bytes(2, "big") + frame[at + 9 :]


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_frame_says_its_own_size(syntax):
    own = size_of(frame_of(series(syntax)[0]))

    assert (own.rows, own.columns, own.samples) == (ROWS, COLUMNS, 1)
    assert 11 <= own.bits <= 16  # the values reach 11 bits; a writer may say no more than that


@pytest.mark.parametrize("mode, samples", [("L", 1), ("RGB", 3)])
@pytest.mark.parametrize("form", ["JPEG", "JPEG2000"])
def test_frames_of_another_writer_say_their_size_too_whatever_stands_before_it(mode, samples, form):
    from PIL import Image

    file = io.BytesIO()
    Image.new(mode, (31, 57)).save(file, form)  # JPEG with its APP0 and tables, JPEG 2000 in the boxes of a JP2

    assert size_of(file.getvalue()) == StreamSize(57, 31, samples, 8)


@pytest.mark.parametrize(
    "broken", [b"", b"\xff\xd8", b"\xff\xd8\xff\xc3\0", b"\xff\x4f\xff\x51\0\0", b"\0" * 64, b"\xff\xd8" + b"\xff" * 50]
)
def test_a_frame_without_a_size_is_refused(broken):
    with pytest.raises(ValueError, match="does not say its size"):
        check_size(broken, ROWS, COLUMNS, 1, 16)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_small_slice_that_claims_a_huge_frame_is_refused_before_room_is_made_for_it(tmp_path, syntax):
    made = series(syntax)
    with_frame(made[1], claiming(frame_of(made[1]), 65_000, 65_000))
    before = peak_mb()

    with pytest.raises(UnreadableInput, match=r"001.dcm.*65000 x 65000 x 1 of 1\d bits, its header says 40 x 44 x 1 of 16"):
        read_study(save(made, tmp_path))

    assert peak_mb() - before < ROOM_MB


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_frame_of_the_size_of_the_header_is_the_frame_it_was(tmp_path, syntax):
    made = series(syntax)
    with_frame(made[1], claiming(frame_of(made[1]), ROWS, COLUMNS))

    assert (read_study(save(made, tmp_path)).ct.values == chest((4, ROWS, COLUMNS))).all()


def test_bytes_pushed_into_a_jpeg_lossless_slice_take_no_memory(tmp_path):
    """Found by the fuzzer: GDCM took 3.5 GB and 16 s for 1.4 kB whose item length fits no more."""
    made = ct_series(chest((4, 22, 26)))
    for ds in made:
        compress(ds, "JPEG lossless")
    whole = made[1].PixelData
    made[1].PixelData = whole[:137] + b"\xc5" * 37 + whole[137:]
    before = peak_mb()

    with pytest.raises(UnreadableInput, match=r"001.dcm: its pixels cannot be read"):
        read_study(save(made, tmp_path))

    assert peak_mb() - before < ROOM_MB


def test_frames_of_a_multi_frame_jpeg_lossless_come_as_they_were_stored(tmp_path):
    values = chest((5, ROWS, COLUMNS))
    ds = enhanced_ct(values)
    frames = []
    for one in ct_series(values):
        compress(one, "JPEG lossless")
        frames.append(frame_of(one))
    ds.PixelData = encapsulate(frames)
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    ds.file_meta.TransferSyntaxUID = one.file_meta.TransferSyntaxUID

    assert (read_study(save([ds], tmp_path)).ct.values == values).all()


def test_signed_pixels_of_jpeg_lossless_keep_their_sign(tmp_path):
    values = chest((4, ROWS, COLUMNS))
    made = ct_series(values, intercept=0, signed=True)
    for ds in made:
        compress(ds, "JPEG lossless")

    assert (read_study(save(made, tmp_path)).ct.values == values).all()
