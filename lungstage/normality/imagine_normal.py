"""Study, Lungs, Skeleton and Anatomy in, Normal out: what CT and PET of this patient would show in health.

The masks say where lung, airway and bone are, the anatomy which of the soft regions is how likely in between. Each of them
has an expected value with a spread, in units of what is measured in this patient: density of healthy lung, blood pool,
liver, marrow. Borders are mixtures, so that a blurred border is no finding. What is measured is measured robustly: by
medians held by priors, and by the better of both sides. Numbers: priors/parameters/normality.toml, priors/normality/.
"""

from __future__ import annotations

from ..records import Anatomy, Lungs, Normal, Skeleton, Study
from .compartments import block_factors, share_blocks
from .ct import expect_ct
from .parameters import NormalityParameters, load_normality_parameters
from .pet import expect_pet


def imagine_normal(
    study: Study, lungs: Lungs, skeleton: Skeleton, anatomy: Anatomy, parameters: NormalityParameters | None = None
) -> Normal:
    """The patient imagined healthy, and how far the images are from that.

    z_ct is (measured - expected) / spread over blocks. z_pet is the same of the logarithm of SUV, for uptake varies by
    factors; expected_suv is the median, spread_suv the spread about it. Both z are 0 outside the body. Without PET the
    fields of the PET are None.
    """
    numbers = parameters or load_normality_parameters()
    factors = block_factors(study.ct.grid, numbers.working_mm)
    shares = share_blocks(lungs, skeleton, factors)
    ct = expect_ct(study.ct, shares, lungs.quality.noise_hu, factors, anatomy, numbers)
    if study.pet is None:
        return Normal(ct.grid, ct.expected, ct.spread, ct.z, ct.lung_hu)
    pet = expect_pet(study.pet, shares, anatomy, numbers)
    return Normal(
        ct.grid, ct.expected, ct.spread, ct.z, ct.lung_hu,
        study.pet.grid, pet.expected, pet.spread, pet.z, pet.blood_suv, pet.liver_suv,
    )  # fmt: skip
