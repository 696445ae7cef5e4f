"""An anatomy and a plan in, lesions out: primary tumour, nodes and metastases as shapes where the plan wants them.

Each sort has a file of its own (`primary.py`, `nodes.py`, `metastases.py`, `pleura.py`) and random numbers of its own.
"""

from __future__ import annotations

from .anatomy import Anatomy
from .lesion import Lesion
from .metastases import metastases
from .nodes import involved_nodes
from .physiology import Physiology
from .primary import collapsed_lung, primary_tumour, satellites
from .streams import stream
from .wishes import Plan


def place_disease(seed: int, anatomy: Anatomy, physiology: Physiology, plan: Plan) -> list[Lesion]:
    """All malignant lesions of a plan: the primary first, its satellites, nodes, metastases."""
    lesions: list[Lesion] = []
    if plan.primary is not None and plan.primary["density"] != "none":
        rng = stream(seed, "primary")
        lesions.append(primary_tumour(anatomy, physiology, plan, rng))
        lesions += satellites(anatomy, plan, lesions, rng)
        lesions += collapsed_lung(anatomy, plan, lesions[0], stream(seed, "collapse"))
    lesions += involved_nodes(anatomy, plan, lesions, stream(seed, "nodes"))
    for site, count in plan.metastases.items():
        lesions += metastases(anatomy, plan, site, count, lesions, stream(seed, f"metastases {site}"))
    return lesions
