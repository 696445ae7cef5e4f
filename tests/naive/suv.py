"""SUV of body weight, written from the words of the QIBA vendor-neutral pseudo-code and DICOM PS3.3 C.8.9, not from the program.

One plain function over plain values: numbers of seconds, Bq, kg and text, as they stand in the headers.
"""

from __future__ import annotations

MEN_LEAN = {"LBM": 120, "LBMJAMES128": 128}


def suv_factors(header: dict) -> list[float] | None:
    """SUVbw (g/ml) for one unit of `stored x slope + intercept` of each slice; None where no SUV of weight can be had.

    header   units, suv_type, corrected (set of words of CorrectedImage), decay, weight_kg, height_cm, sex, dose_bq, half_life_s,
             injected_s, series_s, acquired_s (list), ge_start_s, philips_suv, philips_bq; None where absent. Times are seconds
             on one clock; injected_s is None where no time of injection is known.
    """
    slices = len(header["acquired_s"])
    if "ATTN" not in header["corrected"]:
        return None
    if header["units"] == "GML":
        normalised = gml_factor(header)
        return None if normalised is None else [normalised] * slices
    if header["units"] == "CNTS":
        if header["philips_suv"]:
            return [header["philips_suv"]] * slices
        if not header["philips_bq"]:
            return None
        to_bq = header["philips_bq"]
    elif header["units"] == "BQML":
        to_bq = 1.0
    else:
        return None

    if not header["weight_kg"] or not header["dose_bq"]:
        return None
    corrected_for_decay = "DECY" in header["corrected"]
    if header["decay"] == "ADMIN":  # pixels are those of the moment of injection
        if not corrected_for_decay:
            return None
        return [to_bq * header["weight_kg"] * 1000 / header["dose_bq"]] * slices
    if not header["half_life_s"] or header["injected_s"] is None:
        return None

    if header["decay"] == "NONE":  # pixels are those of each slice's own acquisition
        if corrected_for_decay or None in header["acquired_s"]:
            return None
        references = header["acquired_s"]
    elif header["decay"] == "START":
        if not corrected_for_decay:
            return None
        references = [scan_start(header)] * slices
    else:
        return None

    factors = []
    for reference in references:
        if reference is None:
            return None
        elapsed = reference - header["injected_s"]
        left_bq = header["dose_bq"] * 2 ** (-elapsed / header["half_life_s"])
        factors.append(to_bq * header["weight_kg"] * 1000 / left_bq)
    return factors


def scan_start(header: dict) -> float | None:
    """SeriesTime, if it is not after the acquisition; else GE's private scan time, else the earliest acquisition."""
    acquired = [at for at in header["acquired_s"] if at is not None]
    if header["series_s"] is None:
        return min(acquired) if acquired else None
    if not acquired or header["series_s"] <= min(acquired):
        return header["series_s"]
    return header["ge_start_s"] if header["ge_start_s"] is not None else min(acquired)


def gml_factor(header: dict) -> float | None:
    """1 for SUV of weight; weight over lean mass, ideal weight or surface for the other types of SUVType (0054,1006)."""
    kind, kg, cm, sex = header["suv_type"] or "BW", header["weight_kg"], header["height_cm"], header["sex"]
    if kind == "BW":
        return 1.0
    if not kg or not cm:
        return None
    if kind == "BSA":  # cm2/ml; DuBois gives m2
        return kg * 1e3 / (1e4 * 0.007184 * kg**0.425 * cm**0.725)
    if sex not in ("M", "F"):
        return None
    if kind in MEN_LEAN:
        lean = 1.1 * kg - MEN_LEAN[kind] * kg**2 / cm**2 if sex == "M" else 1.07 * kg - 148 * kg**2 / cm**2
    elif kind == "LBMJANMA":
        bmi = kg / (cm / 100) ** 2
        lean = 9.27e3 * kg / (6.68e3 + 216 * bmi) if sex == "M" else 9.27e3 * kg / (8.78e3 + 244 * bmi)
    elif kind == "IBW":
        lean = 48.0 + 1.06 * (cm - 152) if sex == "M" else 45.5 + 0.91 * (cm - 152)
    else:
        return None
    return kg / lean if lean > 0 else None
