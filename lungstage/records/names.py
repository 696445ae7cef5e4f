"""Names that more than one record uses, in the order arrays use them."""

LOBES = ("right_upper_lobe", "right_middle_lobe", "right_lower_lobe", "left_upper_lobe", "left_lower_lobe")
"""Lobes, right then left; the lingula belongs to the left upper lobe."""

STATIONS = (
    "1R", "1L", "2R", "2L", "3a", "3p", "4R", "4L", "5", "6", "7", "8", "9R", "9L", "10R", "10L", "11R", "11L", "12R", "12L",
)  # fmt: skip
"""IASLC nodal stations; 12 stands for 12 to 14, 3a and 8 carry no side (a patient's midline rule)."""

KINDS = (
    "pulmonary", "node", "pleural", "effusion", "bone", "liver", "adrenal", "brain", "soft_tissue", "collapse",
)  # fmt: skip
"""What a lesion is made of or sits in."""

ROLES = ("primary", "second_primary", "satellite", "node", "metastasis", "benign")
"""What a lesion is in the patient's disease."""

DENSITIES = ("solid", "part_solid", "ground_glass", "cavitating")

COVERED = ("lungs", "mediastinum", "hila", "liver", "adrenals", "brain", "skeleton")
"""Regions whose share inside the scan is reported."""

STRUCTURES = (
    "visceral_pleura", "chest_wall", "mediastinum", "great_vessel", "heart", "oesophagus", "trachea", "carina",
    "main_bronchus", "diaphragm", "vertebral_body", "rib", "adjacent_lobe",
)  # fmt: skip
"""Structures a lesion can touch and grow into; `priors/network` says which TNM feature each is."""
