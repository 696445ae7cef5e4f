"""NIfTI, NRRD and MetaImage: geometry from the affine, labels left alone, NaN as not measured."""

import shutil

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from study.scans import SHAPE, chest, ct_series, pet_series, save

from lungstage.errors import ImpossibleGeometry, ImpossibleRequest, UnreadableInput
from lungstage.study import Wishes, inspect, read_study

AFFINE = np.array([[-0.7, 0, 0, 9.0], [0, -0.8, 0, 30.0], [0, 0, 2.5, 100.0], [0, 0, 0, 1]])  # RAS, of the scan of scans.py


def nifti(path, values=None, affine=AFFINE, dtype=np.int16):
    """A NIfTI of (z, y, x) values."""
    values = chest() if values is None else values
    nibabel.save(nibabel.Nifti1Image(np.asarray(values, dtype).T, affine), path)
    return path


def codes(study):
    return {note.code for note in study.passport.notes}


def test_a_nifti_is_the_same_study_as_its_dicom(tmp_path):
    from_dicom = read_study(save(ct_series(), tmp_path / "dicom"))

    study = read_study(nifti(tmp_path / "ct.nii.gz"))

    np.testing.assert_array_equal(study.ct.values, from_dicom.ct.values)
    np.testing.assert_allclose(study.ct.grid.affine_lps, from_dicom.ct.grid.affine_lps, atol=1e-5)
    assert [label.number for label in study.slices] == list(range(1, SHAPE[0] + 1))


@pytest.mark.parametrize("ending", ["nrrd", "mhd", "mha"])
def test_nrrd_and_metaimage_are_read(tmp_path, ending):
    image = SimpleITK.GetImageFromArray(chest())
    image.SetSpacing((0.7, 0.8, 2.5))
    image.SetOrigin((-9.0, -30.0, 100.0))
    SimpleITK.WriteImage(image, str(tmp_path / f"ct.{ending}"))

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, chest())
    np.testing.assert_allclose(study.ct.grid.origin_mm, (-9, -30, 100))


@settings(max_examples=12, deadline=None)
@given(st.permutations([0, 1, 2]), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_the_study_does_not_depend_on_how_its_axes_are_stored(tmp_path_factory, order, flips):
    folder = tmp_path_factory.mktemp("turned")
    image = nibabel.Nifti1Image(chest().T, AFFINE)
    ends = np.array([[axis, -1 if flip else 1] for axis, flip in zip(order, flips)])
    nibabel.save(image.as_reoriented(ends), folder / "ct.nii")

    study = read_study(folder)

    np.testing.assert_array_equal(study.ct.values, chest())
    np.testing.assert_allclose(study.ct.grid.origin_mm, (-9, -30, 100), atol=1e-4)
    stored = np.asarray(nibabel.load(folder / "ct.nii").dataobj).T
    np.testing.assert_array_equal(study.stored.undo(study.ct.values), stored)


def test_nan_counts_as_not_measured(tmp_path):
    values = chest().astype(np.float32)
    values[:, :2] = np.nan

    study = read_study(nifti(tmp_path / "ct.nii", values, dtype=np.float32))

    assert "nan_voxels" in codes(study)
    assert study.outside[:, :2].all() and not study.outside[:, 2:].any()
    assert (study.ct.values[:, :2] == -1000).all()


def test_a_volume_of_nan_is_refused(tmp_path):
    nifti(tmp_path / "ct.nii", np.full(SHAPE, np.nan), dtype=np.float32)

    with pytest.raises(UnreadableInput, match="every voxel is NaN"):
        read_study(tmp_path)


def test_masks_beside_the_ct_are_never_taken(tmp_path):
    nifti(tmp_path / "ct.nii")
    nifti(tmp_path / "seg.nii.gz", chest() == -850, dtype=np.uint8)

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, chest())
    assert [(card.uid, card.chosen) for card in study.passport.series] == [("ct.nii", True), ("seg.nii.gz", False)]
    assert "mask" in study.passport.series[1].why_not


def test_masks_alone_are_no_scan(tmp_path):
    nifti(tmp_path / "seg.nii.gz", chest() == -850, dtype=np.uint8)

    with pytest.raises(UnreadableInput, match="only masks"):
        read_study(tmp_path)


def test_two_volumes_that_could_be_the_ct_are_named(tmp_path):
    nifti(tmp_path / "a.nii")
    nifti(tmp_path / "b.nii")

    with pytest.raises(ImpossibleRequest, match="a.nii, b.nii"):
        read_study(tmp_path)
    assert read_study(tmp_path, wishes=Wishes(ct="b.nii")).passport.ct.uid == "b.nii"


def test_dicom_goes_before_volume_files(tmp_path):
    save(ct_series(), tmp_path)
    nifti(tmp_path / "other.nii", chest() + 3)

    study = read_study(tmp_path)

    np.testing.assert_array_equal(study.ct.values, chest())
    assert any(card.uid == "other.nii" for card in study.passport.series)


def test_a_pet_given_as_nifti_is_taken_as_suv(tmp_path):
    nifti(tmp_path / "pet.nii", np.full(SHAPE, 1.5), dtype=np.float32)
    save(ct_series(), tmp_path / "scan" / "ct")
    save(pet_series(np.full((6, 12, 14), 2000.0)), tmp_path / "scan" / "pet")

    study = read_study(tmp_path / "scan", pet=tmp_path / "pet.nii")

    assert (study.pet.unit, study.passport.pet.trust) == ("SUVbw", "assumed")
    np.testing.assert_array_equal(study.pet.values, np.float32(1.5))


def test_rounding_of_directions_is_straightened(tmp_path):
    affine = AFFINE.copy()
    affine[0, 1] = 0.001

    study = read_study(nifti(tmp_path / "ct.nii", affine=affine))

    np.testing.assert_array_equal(study.ct.values, chest())


def test_a_sheared_affine_is_shifted_away(tmp_path):
    affine = AFFINE.copy()
    affine[1, 2] = 1.6  # two rows of 0.8 mm a slice
    study = read_study(nifti(tmp_path / "ct.nii", affine=affine))

    assert "gantry_tilt" in codes(study)
    place = (np.diag([-1, -1, 1, 1.0]) @ affine @ [4, 4, 5, 1])[:3]
    assert study.ct.values[tuple(np.rint(study.ct.grid.to_index(place)).astype(int))] == chest()[5, 4, 4]


@pytest.mark.parametrize(
    "change",
    [((0, 0), 0.0), ((0, 0), np.nan), ((2, 2), 400.0), ((0, 1), 0.79), ((0, 3), 1e9)],
    ids=["singular", "NaN", "voxels of 40 cm", "sheared rows", "beyond any scanner"],
)
def test_an_impossible_affine_is_refused(tmp_path, change):
    affine = AFFINE.copy()
    affine[change[0]] = change[1]
    image = nibabel.Nifti1Image(chest().T, AFFINE)
    image.header.set_sform(affine, code=1)
    image.header.set_qform(None, code=0)
    nibabel.nifti1.Nifti1Image(chest().T, None, image.header).to_filename(tmp_path / "ct.nii")

    with pytest.raises(ImpossibleGeometry, match="ct.nii"):
        read_study(tmp_path)


def test_a_file_without_orientation_says_so(tmp_path):
    image = nibabel.Nifti1Image(chest().T, None)
    image.header.set_zooms((0.7, 0.8, 2.5))
    image.to_filename(tmp_path / "ct.nii")

    assert "orientation_assumed" in codes(read_study(tmp_path))


@pytest.mark.parametrize("shape", [(1, 22, 26), (22, 26)], ids=str)
def test_a_single_slice_is_no_scan(tmp_path, shape):
    nibabel.save(nibabel.Nifti1Image(chest()[0].reshape(shape).T, AFFINE), tmp_path / "ct.nii")

    with pytest.raises(ImpossibleGeometry, match="single slice"):
        read_study(tmp_path)


def test_several_volumes_in_one_file_are_refused(tmp_path):
    nibabel.save(nibabel.Nifti1Image(np.stack([chest().T] * 2, axis=-1), AFFINE), tmp_path / "ct.nii")

    with pytest.raises(UnreadableInput, match="2 volumes in one file"):
        read_study(tmp_path)


def test_inspect_describes_a_nifti(tmp_path):
    passport = inspect(nifti(tmp_path / "ct.nii"))

    assert passport.series[0].slices == SHAPE[0]
    assert passport.series[0].spacing_mm == pytest.approx((2.5, 0.8, 0.7), abs=1e-4)
    assert passport.coverage_mm == {"ct": 20.0}


def test_a_broken_nifti_header_says_nothing_of_its_own_on_the_terminal(tmp_path, caplog, capfd):
    """nibabel logs what it finds odd, such as a negative pixdim; the reader speaks for itself."""
    whole = bytearray(nifti(tmp_path / "ct.nii").read_bytes())
    whole[80:84] = np.float32(-0.7).tobytes()  # pixdim[1]
    (tmp_path / "ct.nii").write_bytes(bytes(whole))

    read_study(tmp_path)

    assert "".join(capfd.readouterr()) == "" and not caplog.records


MIRRORED = np.diag([-1.0, 1, 1, 1]) @ AFFINE


def with_forms(folder, sform, qform, zooms=None):
    """A NIfTI that states its affine twice, once, or with another pixdim."""
    image = nibabel.Nifti1Image(chest().T, None)
    if qform is not None:
        image.header.set_qform(qform, 1)
    if sform is not None:
        image.header.set_sform(sform, 1)
    if zooms is not None:
        image.header.set_zooms(zooms)
    image.header["qform_code"], image.header["sform_code"] = int(qform is not None), int(sform is not None)
    image.to_filename(folder / "ct.nii")
    return folder


def test_a_sform_and_a_qform_that_agree_are_not_spoken_of(tmp_path):
    study = read_study(with_forms(tmp_path, AFFINE, AFFINE))

    assert not {"affine_contradicted", "orientation_assumed"} & codes(study)
    np.testing.assert_allclose(study.ct.grid.to_mm((0, 0, 0)), [-9, -30, 100], atol=1e-4)


@pytest.mark.parametrize(
    ("sform", "qform", "zooms", "said"),
    [
        (AFFINE, MIRRORED, None, "its sform and qform lay the same voxels up to 18 mm apart"),
        (AFFINE, AFFINE + np.outer([0, 0, 40, 0], [0, 0, 0, 1]), None, "up to 40 mm apart"),
        (np.diag([0.0, 0, 0, 1]), AFFINE, None, "one of its sform and qform cannot be true"),
        (AFFINE, None, (1, 1, 1), "by its sform voxels are 0.7 x 0.8 x 2.5 mm, by its pixdim 1 x 1 x 1"),
    ],
    ids=["mirrored", "moved", "no sform", "no pixdim"],
)
def test_a_nifti_that_contradicts_itself_says_so_and_what_is_used(tmp_path, sform, qform, zooms, said):
    study = read_study(with_forms(tmp_path, sform, qform, zooms))

    assert said in next(note.text for note in study.passport.notes if note.code == "affine_contradicted")
    np.testing.assert_allclose(study.ct.grid.to_mm((0, 0, 0)), [-9, -30, 100], atol=1e-4)


def test_a_nifti_whose_voxels_have_two_sizes_is_refused(tmp_path):
    larger = AFFINE @ np.diag([1.3, 1.3, 1.3, 1])

    with pytest.raises(ImpossibleGeometry, match="by its sform voxels are 0.7 x 0.8 x 2.5 mm, by its qform 0.91 x 1.04 x 3.25"):
        read_study(with_forms(tmp_path, AFFINE, larger))


def test_a_nrrd_without_a_space_says_that_its_sides_are_assumed(tmp_path):
    header = b"NRRD0004\ntype: short\ndimension: 3\nsizes: 26 22 8\nspacings: 0.7 0.8 2.5\nendian: little\nencoding: raw\n\n"
    (tmp_path / "ct.nrrd").write_bytes(header + chest().tobytes())

    study = read_study(tmp_path)

    assert "orientation_assumed" in codes(study)
    np.testing.assert_array_equal(study.ct.values, chest())


def test_what_metaimage_says_is_the_reason_and_never_reaches_the_terminal(tmp_path, capfd):
    image = SimpleITK.GetImageFromArray(chest())
    SimpleITK.WriteImage(image, str(tmp_path / "ct.mha"))
    (tmp_path / "ct.mha").write_bytes((tmp_path / "ct.mha").read_bytes()[:-500])

    with pytest.raises(UnreadableInput, match="cannot be read .data not read completely"):
        read_study(tmp_path)
    said = capfd.readouterr()
    assert said.out == "" and said.err == ""


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("NDims = 3", "NDims = -248.4", "NDims = -248.4"),
        ("NDims = 3", "NDims = 3\nNDims = -1e30", "NDims twice"),
        ("NDims = 3", "NDims = 200", "NDims = 200"),
        ("NDims = 3\n", "", "before NDims"),
        ("DimSize = 26 22 8", "DimSize = 26 22 8 8", "DimSize = 26 22 8 8"),
        ("DimSize = 26 22 8", "DimSize = 26 -22 8", "DimSize = 26 -22 8"),
        ("Offset = 0 0 0", "Offset = 0 nan 0", "Offset = 0 nan 0"),
        ("Offset = 0 0 0", "Offset", "the line 'Offset'"),
        ("ElementType = MET_SHORT\n", "", "does not say ElementType"),
    ],
)
def test_a_metaimage_header_that_would_break_its_library_is_refused_before(tmp_path, before, after, said):
    """The first two once ended the whole program: the library wrote beyond its arrays."""
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(chest()), str(tmp_path / "ct.mha"))
    whole = (tmp_path / "ct.mha").read_bytes()
    assert before.encode() in whole
    (tmp_path / "ct.mha").write_bytes(whole.replace(before.encode(), after.encode(), 1))

    with pytest.raises(UnreadableInput) as refused:
        read_study(tmp_path)
    assert said in str(refused.value)


def pair(folder, kind=nibabel.Nifti1Pair):
    """A CT whose header and voxels are files of their own."""
    folder.mkdir(exist_ok=True)
    nibabel.save(kind(chest().T, AFFINE), folder / "ct.hdr")
    return folder


@pytest.mark.parametrize("named", ["", "ct.hdr", "ct.img"], ids=["folder", "header", "voxels"])
def test_a_nifti_in_two_files_is_one_scan_whichever_is_named(tmp_path, named):
    study = read_study(pair(tmp_path / "scan") / named)

    np.testing.assert_array_equal(study.ct.values, chest())
    np.testing.assert_allclose(study.ct.grid.to_mm((0, 0, 0)), [-9, -30, 100], atol=1e-4)
    assert not {"orientation_assumed", "unopened_files"} & codes(study)


def test_an_analyze_file_says_that_its_sides_are_assumed(tmp_path):
    study = read_study(pair(tmp_path, nibabel.AnalyzeImage))

    assert "orientation_assumed" in codes(study)
    assert study.ct.grid.spacing_mm == pytest.approx((2.5, 0.8, 0.7))
    np.testing.assert_array_equal(np.sort(study.ct.values.ravel()), np.sort(chest().ravel()))


def test_a_header_whose_voxels_are_not_there_says_so(tmp_path):
    (pair(tmp_path) / "ct.img").unlink()

    with pytest.raises(UnreadableInput, match="ct.hdr: this file cannot be read .*No such file.*ct.img"):
        read_study(tmp_path)


@pytest.mark.parametrize("how", ["mhd", "mhd of slices", "nhdr", "nhdr compressed", "hdr"])
def test_a_header_and_its_voxels_are_found_inside_a_zip(tmp_path, how):
    folder = tmp_path / "scan" / "ct"
    folder.mkdir(parents=True)
    if how == "hdr":
        pair(folder)
    else:
        image = SimpleITK.GetImageFromArray(chest())
        image.SetSpacing((0.7, 0.8, 2.5))
        SimpleITK.WriteImage(image, str(folder / f"ct.{how.split()[0]}"), "compressed" in how)
    if "slices" in how:
        header = (folder / "ct.mhd").read_text()
        (folder / "ct.raw").unlink()
        (folder / "ct.mhd").write_text(header.replace("ct.raw", "%d.raw 1 8 1"))
        for number, plane in enumerate(chest(), start=1):
            (folder / f"{number}.raw").write_bytes(plane.tobytes())
    packed = shutil.make_archive(str(tmp_path / "scan"), "zip", tmp_path / "scan")

    study = read_study(packed)

    np.testing.assert_array_equal(study.ct.values, chest())
    assert study.ct.grid.spacing_mm == pytest.approx((2.5, 0.8, 0.7))


def sizeless(folder, kind):
    """A CT of which nothing says how large its voxels are; libraries take them for 1 mm."""
    if kind == "nii":
        image = nibabel.Nifti1Image(chest().T, None)
        whole = bytearray(image.to_bytes())
        whole[80:92], whole[252:256] = b"\0" * 12, b"\0" * 4  # pixdim, and the codes of both forms
        (folder / "ct.nii").write_bytes(whole)
    elif kind == "mha":
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(chest()), str(folder / "ct.mha"))
        whole = (folder / "ct.mha").read_bytes()
        (folder / "ct.mha").write_bytes(whole.replace(b"ElementSpacing = 1 1 1\n", b""))
    else:
        header = f"NRRD0004\ntype: short\ndimension: 3\nsizes: 26 22 8\n{kind}endian: little\nencoding: raw\n\n"
        (folder / "ct.nrrd").write_bytes(header.encode() + chest().tobytes())
    return folder


NRRD_SIZES = ["", "space: LPS\n", "spacings: nan nan nan\n", "spacings: 0.7 0.8 nan\n",
              "space: LPS\nspace directions: (0.7,0,0) (0,0.8,0) none\n"]  # fmt: skip


@pytest.mark.parametrize("kind", ["nii", "mha", *NRRD_SIZES])
def test_voxels_of_which_nothing_says_how_large_they_are_are_refused(tmp_path, kind):
    with pytest.raises(ImpossibleGeometry, match="how large its voxels are"):
        read_study(sizeless(tmp_path, kind))


def test_a_nrrd_in_other_units_than_millimetres_is_refused(tmp_path):
    directions = "space: LPS\nspace directions: (7,0,0) (0,8,0) (0,0,10)\n"

    with pytest.raises(ImpossibleGeometry, match="measured in um; save it with millimetres"):
        read_study(sizeless(tmp_path, directions + 'space units: "um" "um" "um"\n'))
