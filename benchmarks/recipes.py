"""Lung masks as tutorials and careful people make them with SciPy, scikit-image and SimpleITK: opponents of lungstage, not parts.

Each takes HU as int16 (z, y, x) and the spacing in mm (z, y, x), and returns a mask of both lungs.
"""

from __future__ import annotations

import numpy as np

AIR_HU, CLOSING_MM = -400, 10.0


def slice_by_slice(values: np.ndarray, spacing_mm) -> np.ndarray:
    """The recipe of many notebooks: threshold, clear the border, keep two, erode, close by a disc of ten pixels, fill."""
    from scipy.ndimage import binary_fill_holes
    from skimage.measure import label, regionprops
    from skimage.morphology import closing, disk, erosion
    from skimage.segmentation import clear_border

    out = np.zeros(values.shape, bool)
    for k, plane in enumerate(values):
        labels = label(clear_border(plane < AIR_HU))
        largest = sorted(regionprops(labels), key=lambda region: region.area, reverse=True)[:2]
        both = np.isin(labels, [region.label for region in largest])
        out[k] = binary_fill_holes(closing(erosion(both, disk(2)), disk(10)))
    return out


def scikit_image(values: np.ndarray, spacing_mm) -> np.ndarray:
    """In three dimensions: threshold, the large pieces that touch no side, closed by a ball of 10 mm, holes filled."""
    from scipy.ndimage import binary_fill_holes
    from skimage.measure import label, regionprops
    from skimage.morphology import isotropic_closing

    labels = label(values < AIR_HU, connectivity=1)
    inner = [r for r in regionprops(labels) if min(r.bbox[1:3]) > 0 and (np.array(r.bbox[4:]) < values.shape[1:]).all()]
    inner.sort(key=lambda region: region.area, reverse=True)
    chosen = np.zeros(values.shape, bool)
    for region in inner[:2]:
        if region.area > 0.2 * inner[0].area:
            chosen[region.slice] |= region.image
    return binary_fill_holes(isotropic_closing(chosen, CLOSING_MM, spacing=spacing_mm))


def simple_itk(values: np.ndarray, spacing_mm) -> np.ndarray:
    """A careful pipeline: threshold, components by size, those that touch a side out, padded, closed by a ball, filled."""
    import SimpleITK as sitk

    radius = [int(round(CLOSING_MM / s)) for s in spacing_mm[::-1]]
    chosen = sitk_air_inside(values, spacing_mm)
    chosen = sitk.ConstantPad(chosen, radius, radius, 0)
    closed = sitk.BinaryMorphologicalClosing(chosen, radius, sitk.sitkBall, 1, True)
    filled = sitk.BinaryFillhole(sitk.Crop(closed, radius, radius))
    return sitk.GetArrayFromImage(filled)


def simple_itk_by_distance(values: np.ndarray, spacing_mm) -> np.ndarray:
    """The same, closed by thresholds on Maurer's distance, the fastest exact ball SimpleITK has."""
    import SimpleITK as sitk

    radius = [int(round(CLOSING_MM / s)) + 1 for s in spacing_mm[::-1]]
    chosen = sitk.ConstantPad(sitk_air_inside(values, spacing_mm), radius, radius, 0)
    options = {"squaredDistance": False, "useImageSpacing": True}
    grown = sitk.SignedMaurerDistanceMap(chosen, insideIsPositive=False, **options) <= CLOSING_MM
    closed = sitk.SignedMaurerDistanceMap(grown, insideIsPositive=True, **options) >= CLOSING_MM
    return sitk.GetArrayFromImage(sitk.BinaryFillhole(sitk.Crop(closed, radius, radius)))


def sitk_air_inside(values: np.ndarray, spacing_mm):
    """The large pieces of air that touch no side of the slices, as a SimpleITK image."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(values)
    image.SetSpacing([float(s) for s in spacing_mm[::-1]])
    labels = sitk.RelabelComponent(sitk.ConnectedComponent(image < AIR_HU), minimumObjectSize=1000)
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(labels)
    width, height = image.GetWidth(), image.GetHeight()
    inner = []
    for k in shape.GetLabels():
        x, y, _, wide, high, _ = shape.GetBoundingBox(k)
        if x > 0 and y > 0 and x + wide < width and y + high < height:
            inner.append(k)
    inner.sort(key=shape.GetNumberOfPixels, reverse=True)
    chosen = [k for k in inner[:2] if shape.GetNumberOfPixels(k) > 0.2 * shape.GetNumberOfPixels(inner[0])]
    return sitk.ChangeLabel(labels, {k: int(k in chosen) for k in shape.GetLabels()}) == 1
