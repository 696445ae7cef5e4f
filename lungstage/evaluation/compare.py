"""One patient's truth and answer in, Comparison out: everything the scores of the cohort are summed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..records.names import LOBES
from ..tables import Priors, read_rows
from .answers import PatientAnswer
from .calls import Call
from .labels import Labels, on_grid, read_labels
from .matching import Matching, joint_counts, match_lesions
from .parameters import Yardstick
from .references import references_of
from .shapes import Likeness, compare_masks
from .truths import PatientTruth, TrueLesion

LUNG_LABELS = {"right lung": 1, "left lung": 2}
REGION_COLUMNS = ("code", "name", "group", "text")


@dataclass(frozen=True, eq=False)
class Comparison:
    """One patient.

    in_scan    (true) bool: the lesion lies in the scan, so that it could be found
    matching   Matching of truth.lesions and answer.lesions, None where the truth lists no lesions
    likeness   (true) Likeness of a lesion and its candidate, or None
    dice       name of a lobe or lung -> Dice
    calls      method -> edition -> Call: "lungstage" and the references
    """

    truth: PatientTruth
    answer: PatientAnswer
    in_scan: np.ndarray
    matching: Matching | None
    likeness: tuple[Likeness | None, ...]
    dice: dict[str, float]
    calls: dict[str, dict[int, Call]]

    @property
    def true(self) -> tuple[TrueLesion, ...]:
        """The true lesions; none where the truth says nothing of them."""
        return self.truth.lesions or ()

    def partner(self, k: int):
        """The candidate of true lesion k, or None."""
        position = self.matching.partner[k]
        return self.answer.lesions[position] if position >= 0 else None


def compare_patient(truth: PatientTruth, answer: PatientAnswer, yardstick: Yardstick) -> Comparison:
    """Match, measure, and ask the references."""
    found_labels = read_labels(answer.masks["lesions"]) if "lesions" in answer.masks else None
    labels = laid_on(found_labels, truth, "lesions")
    in_scan = np.array([lies_in_scan(one, found_labels, labels) for one in truth.lesions or ()], bool)
    matching, likeness = None, ()
    if truth.lesions is not None:
        masks = (labels, found_labels.values) if labels is not None else None
        matching = match_lesions(truth.lesions, answer.lesions, masks, yardstick.numbers)
        likeness = likenesses(truth, answer, matching, masks, found_labels)
    calls = {"lungstage": answer.editions, **references_of(truth, answer, in_scan, yardstick)}
    return Comparison(truth, answer, in_scan, matching, likeness, organ_dice(truth, answer, yardstick.priors), calls)


def laid_on(found: Labels | None, truth: PatientTruth, mask: str) -> np.ndarray | None:
    """A truth mask on the grid of the answer, or None where one of the two is not there."""
    if found is None or mask not in truth.masks:
        return None
    return on_grid(read_labels(truth.masks[mask]), found.grid)


def lies_in_scan(lesion: TrueLesion, found: Labels | None, labels: np.ndarray | None) -> bool:
    """Whether a lesion is inside the images; yes where nothing tells."""
    if found is not None and lesion.centre_mm is not None and found.grid.holds(lesion.centre_mm):
        return True
    if labels is not None:
        return bool((labels == lesion.label).any())
    return found is None or lesion.centre_mm is None


def likenesses(truth, answer, matching: Matching, masks, found: Labels | None) -> tuple[Likeness | None, ...]:
    """The Likeness of every lesion with its candidate, in the box that holds both."""
    from scipy.ndimage import find_objects

    if masks is None:
        return (None,) * len(truth.lesions)
    boxes = [find_objects(np.ascontiguousarray(part)) for part in masks]
    result = []
    for k, lesion in enumerate(truth.lesions):
        position = matching.partner[k]
        labels = (lesion.label, answer.lesions[position].label) if position >= 0 else (0, 0)
        own = [box[label - 1] if 0 < label <= len(box) else None for box, label in zip(boxes, labels, strict=True)]
        if None in own:
            result.append(None)
            continue
        box = tuple(slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(*own, strict=True))
        one, other = (part[box] == label for part, label in zip(masks, labels, strict=True))
        result.append(compare_masks(one, other, found.grid.spacing_mm))
    return tuple(result)


def organ_dice(truth: PatientTruth, answer: PatientAnswer, priors: Priors) -> dict[str, float]:
    """Dice of lungs and lobes, of those that both sides have a mask of; a tumour counts to neither side's organ.

    The program's lobes reach over the tumour and the lungs of the truth do not, so that voxels of true lesions are left out.
    """
    pairs = (("lungs", "lungs", LUNG_LABELS, LUNG_LABELS), ("lobes", "anatomy", lobe_numbers(), lobe_codes(priors)))
    result = {}
    for true_mask, found_mask, true_codes, found_codes in pairs:
        found = read_labels(answer.masks[found_mask]) if found_mask in answer.masks and true_mask in truth.masks else None
        labels = laid_on(found, truth, true_mask)
        if labels is None:
            continue
        lesions = laid_on(found, truth, "lesions")
        keep = slice(None) if lesions is None else lesions == 0
        joint, rows, columns = joint_counts(labels[keep], found.values[keep])
        for name, code in true_codes.items():
            if code in rows:
                row, column = rows[code], columns.get(found_codes[name])
                both = joint[row, column] if column is not None else 0
                total = joint[row].sum() + (joint[:, column].sum() if column is not None else 0)
                result[name] = float(2 * both / total)
    return result


def lobe_numbers() -> dict[str, int]:
    """Values of masks/lobes.nii.gz of the truth."""
    return {name: code for code, name in enumerate(LOBES, start=1)}


def lobe_codes(priors: Priors) -> dict[str, int]:
    """Values of masks/anatomy.nii.gz of the answer."""
    return {
        row["name"]: int(row["code"]) for row in read_rows(priors, "atlas/regions.csv", REGION_COLUMNS) if row["name"] in LOBES
    }
