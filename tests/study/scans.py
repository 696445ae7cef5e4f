"""Small DICOM scans for tests: written by pydicom alone, attribute by attribute, so that each can be made wrong."""

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian, PositronEmissionTomographyImageStorage

SHAPE = (8, 22, 26)
SPACING = (2.5, 0.8, 0.7)
ORIGIN = (-9.0, -30.0, 100.0)
AXIAL = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


def chest(shape=SHAPE):
    """int16 HU: air around a body with two lungs, another value in every slice so that order shows."""
    z, y, x = np.indices(shape)
    values = np.full(shape, -1000, np.int16)
    body = (y > 2) & (y < shape[1] - 3) & (x > 2) & (x < shape[2] - 3)
    values[body] = 40
    lungs = body & (y > 6) & (y < shape[1] - 7) & (abs(x - shape[2] / 2) > 3) & (x > 5) & (x < shape[2] - 6)
    values[lungs] = -850
    values[:, 4, 4] = 10 * np.arange(shape[0]) + 50
    values[:, shape[1] - 5, shape[2] // 2] = 700
    return values


def uid(*parts):
    """A UID of our own arc."""
    return ".".join(["1.2.826.0.1.3680043.10.543", *map(str, parts)])


def plain(kind="CT", number=1, series=1, patient="P1", study=1, frame=1):
    """A data set with identity, and nothing of an image."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = CTImageStorage if kind == "CT" else PositronEmissionTomographyImageStorage
    ds.SOPInstanceUID = uid(9, study, series, number)
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.Modality = "CT" if kind == "CT" else "PT"
    ds.PatientID, ds.PatientName = patient, f"Name^{patient}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = uid(1, study), uid(2, study, series), uid(3, frame)
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = "20200305"
    ds.InstanceNumber = number
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    return ds


def add_plane(ds, stored, position, orientation=AXIAL, pixel_mm=SPACING[1:], signed=None):
    """Pixels and the place of one plane."""
    signed = np.issubdtype(stored.dtype, np.signedinteger) if signed is None else signed
    ds.Rows, ds.Columns = stored.shape[-2:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 8 * stored.dtype.itemsize
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(signed)
    if position is not None:
        ds.ImagePositionPatient = [f"{p:.6g}" for p in position]
        ds.ImageOrientationPatient = [f"{c:.8g}" for vector in orientation for c in vector]
        ds.PixelSpacing = [f"{side:.6g}" for side in pixel_mm]
    ds.PixelData = stored.tobytes()
    return ds


def ct_series(values=None, spacing=SPACING, origin=ORIGIN, orientation=AXIAL, intercept=-1024, steps=None, signed=False,
              **identity):  # fmt: skip
    """One data set a slice, stacked along the normal; steps: heights above the first instead of equal ones."""
    values = chest() if values is None else values
    row, column = map(np.asarray, orientation)
    normal = np.cross(row, column)
    heights = np.arange(len(values)) * spacing[0] if steps is None else steps
    made = []
    for k, plane in enumerate(values):
        ds = plain("CT", number=len(values) - k, **identity)
        stored = (plane.astype(np.int32) - intercept).astype(np.int16 if signed else np.uint16)
        add_plane(ds, stored, np.asarray(origin) + normal * heights[k], orientation, spacing[1:])
        ds.RescaleSlope, ds.RescaleIntercept = "1", str(intercept)
        ds.SeriesDescription, ds.ConvolutionKernel = "THORAX", "B30f"
        made.append(ds)
    return made


def pet_series(activity, spacing=(4.0, 4.0, 4.0), origin=ORIGIN, slope=1.0, series=7, units="BQML", decay="START", **identity):
    """One data set a slice of a PET in Bq/ml, FDG, 350 MBq one hour before, 80 kg (test case of malignancy.md 4.3)."""
    made = []
    for k, plane in enumerate(activity):
        ds = plain("PET", number=k + 1, series=series, **identity)
        own = slope * (1 + k / 10)
        add_plane(ds, np.rint(plane / own).astype(np.int16), np.asarray(origin) + [0, 0, k * spacing[0]], pixel_mm=spacing[1:])
        ds.RescaleSlope, ds.RescaleIntercept = f"{own:.8g}", "0"
        ds.Units, ds.DecayCorrection, ds.CorrectedImage = units, decay, ["ATTN", "SCAT", *["DECY"] * (decay != "NONE")]
        ds.AttenuationCorrectionMethod = "CT"
        ds.SeriesTime = ds.AcquisitionTime = "101500"
        ds.ActualFrameDuration = "120000"
        ds.PatientWeight, ds.PatientSize, ds.PatientSex = "80", "1.75", "M"
        drug = Dataset()
        drug.Radiopharmaceutical = "FDG -- fluorodeoxyglucose"
        drug.RadiopharmaceuticalStartTime = "091500"
        drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = "350000000", "6586.2"
        ds.RadiopharmaceuticalInformationSequence = Sequence([drug])
        ds.SeriesDescription = "PET AC"
        made.append(ds)
    return made


def drug_of(ds):
    """The radiopharmaceutical of a PET slice, to be changed."""
    return ds.RadiopharmaceuticalInformationSequence[0]


def save(datasets, folder, names=None):
    """Write data sets as files; names by rising number unless given."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for k, ds in enumerate(datasets):
        ds.save_as(folder / (names[k] if names else f"{k:03d}.dcm"), enforce_file_format=True)
    return folder


def enhanced_ct(values=None, spacing=SPACING, origin=ORIGIN, order=None):
    """One multi-frame CT; order: in which the frames are stored."""
    values = chest() if values is None else values
    order = list(range(len(values))) if order is None else order
    ds = plain("CT")
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    add_plane(ds, (values[order].astype(np.int32) + 1024).astype(np.uint16), None)
    ds.NumberOfFrames = len(values)
    shared = Dataset()
    shared.PlaneOrientationSequence = Sequence([item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])])
    shared.PixelMeasuresSequence = Sequence([item(PixelSpacing=list(spacing[1:]), SliceThickness=spacing[0])])
    shared.PixelValueTransformationSequence = Sequence([item(RescaleSlope="1", RescaleIntercept="-1024", RescaleType="HU")])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    frames = []
    for k in order:
        place = Dataset()
        position = np.asarray(origin) + [0, 0, k * spacing[0]]
        place.PlanePositionSequence = Sequence([item(ImagePositionPatient=[f"{p:.6g}" for p in position])])
        frames.append(place)
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    return ds


PER_FRAME = ("InstanceNumber", "AcquisitionTime", "ActualFrameDuration", "SOPInstanceUID")
PER_FILE = """
    SOPClassUID Modality PatientID PatientName PatientWeight PatientSize PatientSex StudyInstanceUID SeriesInstanceUID
    FrameOfReferenceUID StudyDate SeriesDate SeriesTime SeriesDescription Rows Columns SamplesPerPixel PhotometricInterpretation
    BitsAllocated BitsStored HighBit PixelRepresentation
""".split()
LEGACY = {"CT": "1.2.840.10008.5.1.4.1.1.2.2", "PT": "1.2.840.10008.5.1.4.1.1.128.1"}


def legacy_converted(series):
    """A classic series as one Legacy Converted Enhanced object: what has no place in it lies in "unassigned" sequences."""
    ds = plain()
    first = series[0]
    for keyword in PER_FILE:
        if keyword in first:
            ds[keyword] = first[keyword]
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = LEGACY[first.Modality]
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid(9, 77)
    ds.ImageType = ["DERIVED", "PRIMARY", "VOLUME", "NONE"]
    del ds.AcquisitionDate, ds.InstanceNumber
    elsewhere = {*PER_FRAME, *PER_FILE, "PixelData", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"}
    elsewhere |= {"ImageType", "RescaleSlope", "RescaleIntercept"}
    left = Dataset()
    for element in first:
        if element.keyword not in elsewhere:
            left[element.tag] = element
    shared = item(
        PlaneOrientationSequence=[item(ImageOrientationPatient=first.ImageOrientationPatient)],
        PixelMeasuresSequence=[item(PixelSpacing=first.PixelSpacing)],
        UnassignedSharedConvertedAttributesSequence=[left],
    )
    frames = []
    for one in series:
        own = item(**{keyword: one[keyword].value for keyword in PER_FRAME if keyword in one})
        frames.append(item(
            PlanePositionSequence=[item(ImagePositionPatient=one.ImagePositionPatient)],
            PixelValueTransformationSequence=[item(RescaleSlope=one.RescaleSlope, RescaleIntercept=one.RescaleIntercept)],
            UnassignedPerFrameConvertedAttributesSequence=[own],
            ConversionSourceAttributesSequence=[item(ReferencedSOPInstanceUID=one.SOPInstanceUID)],
        ))  # fmt: skip
    ds.SharedFunctionalGroupsSequence, ds.PerFrameFunctionalGroupsSequence = [shared], frames
    ds.NumberOfFrames = len(series)
    ds.PixelData = b"".join(one.PixelData for one in series)
    return ds


def compress(ds, syntax):
    """Compress the pixels of a data set in place; "JPEG lossless" is process 14, selection value 1."""
    from pydicom.encaps import encapsulate
    from pydicom.uid import UID, JPEG2000Lossless, JPEGLSLossless, RLELossless

    if syntax in ("JPEG-LS", "RLE"):
        ds.compress({"JPEG-LS": JPEGLSLossless, "RLE": RLELossless}[syntax], generate_instance_uid=False)
        return
    pixels = np.frombuffer(ds.PixelData, np.int16 if ds.PixelRepresentation else np.uint16).reshape(ds.Rows, ds.Columns)
    if syntax == "JPEG 2000":
        from openjpeg.utils import encode_array

        stream, transfer = encode_array(pixels, codec_format=0), JPEG2000Lossless
    else:
        stream, transfer = jpeg_lossless(pixels.view(np.uint16)), UID("1.2.840.10008.1.2.4.70")
    ds.PixelData = encapsulate([stream + b"\0" * (len(stream) % 2)])
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    ds.file_meta.TransferSyntaxUID = transfer


def jpeg_lossless(pixels):
    """A JPEG of 16 bits without loss (ITU T.81 annex H): each pixel as its difference from the one to the left.

    The Huffman table gives each of the 17 categories a code of five bits.
    """
    rows, columns = pixels.shape
    values = pixels.astype(np.int64)
    predicted = np.empty_like(values)
    predicted[:, 1:] = values[:, :-1]
    predicted[1:, 0] = values[:-1, 0]
    predicted[0, 0] = 2**15
    bits = []
    for difference in ((values - predicted + 2**15) % 2**16 - 2**15).ravel():
        category = int(abs(difference)).bit_length()
        bits.append(f"{category:05b}")
        if 0 < category < 16:
            bits.append(f"{difference if difference > 0 else difference + 2**category - 1:0{category}b}")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    data = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")

    def segment(marker, body):
        return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body

    frame = bytes([16]) + rows.to_bytes(2, "big") + columns.to_bytes(2, "big") + bytes([1, 1, 0x11, 0])
    table = bytes([0, 0, 0, 0, 0, 17, *[0] * 11, *range(17)])
    scan = segment(0xDA, bytes([1, 1, 0, 1, 0, 0])) + data
    return b"\xff\xd8" + segment(0xC3, frame) + segment(0xC4, table) + scan + b"\xff\xd9"


def item(**attributes):
    """A sequence item."""
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def codes(study):
    return {note.code for note in study.passport.notes}
