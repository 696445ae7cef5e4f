"""A scan in, DICOM files out: one CT series and one PET series of one study in one frame of reference.

UIDs come from the patient's key, so that the same patient has the same files byte for byte.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from ..geometry import Grid
from .parameters import scan_numbers
from .person import Person
from .scanner import Scan

SCAN_START = datetime(2026, 1, 15, 10, 5, 0)
CT_STORAGE, PET_STORAGE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.128"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
CT_INTERCEPT = -1024


def write_dicom(folder: Path, key: str, name: str, person: Person, scan: Scan) -> None:
    """`folder`/ct and `folder`/pet; key: what the UIDs are made of, name: PatientName such as PHANTOM^7."""
    for series in ("ct", "pet"):
        (folder / series).mkdir(parents=True)
    stored = (scan.ct.astype(np.int32) - CT_INTERCEPT).astype(np.uint16)
    dataset = series_header(key, name, person, "ct", scan.ct_grid)
    add_ct(dataset, scan.ct_grid)
    for k in range(scan.ct_grid.shape[0]):
        place_slice(dataset, key, "ct", k, scan.ct_grid)
        add_pixels(dataset, stored[k], signed=False, slope="1", intercept=str(CT_INTERCEPT))
        dataset.save_as(folder / "ct" / f"{k + 1:04d}.dcm", enforce_file_format=True)
    dataset = series_header(key, name, person, "pet", scan.pet_grid)
    add_pet(dataset, scan)
    for k in range(scan.pet_grid.shape[0]):
        place_slice(dataset, key, "pet", k, scan.pet_grid)
        dataset.ImageIndex = k + 1
        add_pixels(dataset, scan.pet_stored[k], signed=True, slope=f"{scan.pet_slopes[k]:.8g}", intercept="0")
        dataset.save_as(folder / "pet" / f"{k + 1:04d}.dcm", enforce_file_format=True)


def uid(*parts) -> str:
    """A UID made of words."""
    from pydicom.uid import generate_uid

    return generate_uid(entropy_srcs=["lungstage phantom", *map(str, parts)])


def slice_uid(key: str, series: str, k: int) -> str:
    """SOP Instance UID of slice k (from 0) of "ct" or "pet"."""
    return uid(key, series, "slice", k)


def series_header(key: str, name: str, person: Person, series: str, grid: Grid):
    """What all slices of a series have in common."""
    from pydicom.dataset import Dataset, FileMetaDataset

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    storage = CT_STORAGE if series == "ct" else PET_STORAGE
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = storage
    dataset.file_meta.TransferSyntaxUID = EXPLICIT_LITTLE
    dataset.file_meta.ImplementationClassUID = uid("implementation")
    date = SCAN_START.strftime("%Y%m%d")
    begin = SCAN_START - timedelta(minutes=4 if series == "ct" else 0)
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = date
    dataset.StudyTime = (SCAN_START - timedelta(minutes=6)).strftime("%H%M%S")
    dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = begin.strftime("%H%M%S")
    dataset.AccessionNumber, dataset.StudyID = "", "1"
    dataset.Manufacturer, dataset.ManufacturerModelName, dataset.InstitutionName = "lungstage", "phantom", ""
    dataset.ReferringPhysicianName = ""
    dataset.PatientName, dataset.PatientID = name, name.replace("^", "-")
    dataset.PatientBirthDate, dataset.PatientSex = "", "M" if person.sex == "male" else "F"
    dataset.PatientAge = f"{person.age_years:03d}Y"
    dataset.PatientSize, dataset.PatientWeight = f"{person.height_cm / 100:.3f}", f"{person.weight_kg:.1f}"
    dataset.BodyPartExamined = "CHEST"
    dataset.StudyInstanceUID, dataset.FrameOfReferenceUID = uid(key, "study"), uid(key, "frame")
    dataset.SeriesInstanceUID = uid(key, series, "series")
    dataset.SeriesNumber = 2 if series == "ct" else 3
    dataset.StudyDescription, dataset.PositionReferenceIndicator = "synthetic PET/CT", ""
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.SliceThickness = f"{grid.spacing_mm[0]:g}"
    dataset.PixelSpacing = [f"{grid.spacing_mm[1]:g}", f"{grid.spacing_mm[2]:g}"]
    return dataset


def place_slice(dataset, key: str, series: str, k: int, grid: Grid) -> None:
    """Name and position of slice k; slices are numbered from the feet."""
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = slice_uid(key, series, k)
    dataset.InstanceNumber = k + 1
    x, y, z = grid.to_mm((k, 0, 0))
    dataset.ImagePositionPatient = [f"{x:.3f}", f"{y:.3f}", f"{z:.3f}"]
    dataset.SliceLocation = f"{z:.3f}"


def add_ct(dataset, grid: Grid) -> None:
    """The CT's own elements."""
    dataset.Modality, dataset.SeriesDescription = "CT", "synthetic CT"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.KVP, dataset.ConvolutionKernel, dataset.AcquisitionNumber = "120", "STANDARD", 1
    dataset.GantryDetectorTilt, dataset.PatientPosition = "0", "HFS"
    dataset.SpacingBetweenSlices = f"{grid.spacing_mm[0]:g}"
    dataset.RescaleType = "HU"
    dataset.WindowCenter, dataset.WindowWidth = "40", "400"


def add_pet(dataset, scan: Scan) -> None:
    """The PET's own elements: all that SUV needs."""
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    injected = SCAN_START - timedelta(minutes=scan.injection.minutes)
    dataset.Modality, dataset.SeriesDescription = "PT", "synthetic PET AC"
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.SeriesType, dataset.Units, dataset.CountsSource = ["WHOLE BODY", "IMAGE"], "BQML", "EMISSION"
    dataset.DecayCorrection = "START"
    dataset.CorrectedImage = ["DECY", "ATTN", "SCAT", "DTIM", "RAN", "NORM"]
    dataset.AttenuationCorrectionMethod, dataset.ScatterCorrectionMethod = "CT", "model"
    dataset.ReconstructionMethod, dataset.RandomsCorrectionMethod = "OSEM", "DLYD"
    dataset.CollimatorType, dataset.NumberOfSlices = "NONE", scan.pet_grid.shape[0]
    dataset.FrameReferenceTime, dataset.ActualFrameDuration, dataset.DecayFactor = "0", 120000, "1"
    agent = Dataset()
    agent.Radiopharmaceutical = "Fluorodeoxyglucose"
    agent.RadiopharmaceuticalStartTime = injected.strftime("%H%M%S")
    agent.RadiopharmaceuticalStartDateTime = injected.strftime("%Y%m%d%H%M%S")
    agent.RadionuclideTotalDose = f"{scan.injection.activity_bq:.8g}"
    agent.RadionuclideHalfLife, agent.RadionuclidePositronFraction = f"{scan_numbers().half_life_s:g}", "0.97"
    agent.RadionuclideCodeSequence = Sequence([code("77004003", "SCT", "^18^Fluorine")])
    agent.RadiopharmaceuticalCodeSequence = Sequence([code("35321007", "SCT", "Fluorodeoxyglucose F^18^")])
    dataset.RadiopharmaceuticalInformationSequence = Sequence([agent])
    dataset.PatientOrientationCodeSequence = Sequence([code("102538003", "SCT", "recumbent")])
    dataset.PatientGantryRelationshipCodeSequence = Sequence([code("102540008", "SCT", "headfirst")])


def code(value: str, scheme: str, meaning: str):
    """One coded entry."""
    from pydicom.dataset import Dataset

    entry = Dataset()
    entry.CodeValue, entry.CodingSchemeDesignator, entry.CodeMeaning = value, scheme, meaning
    return entry


def add_pixels(dataset, plane: np.ndarray, signed: bool, slope: str, intercept: str) -> None:
    """The pixels (y, x) and how to read them."""
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = plane.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = int(signed)
    dataset.RescaleIntercept, dataset.RescaleSlope = intercept, slope
    dataset.PixelData = np.ascontiguousarray(plane).astype("<i2" if signed else "<u2").tobytes()
