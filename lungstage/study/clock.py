"""DICOM dates and times in, moments out: DA with TM, or DT, with the time zone where one is written."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

ZONE = re.compile(r"([+-])(\d{2}):?(\d{2})$")


def zone_offset(text: str) -> timedelta | None:
    """The offset from UTC that ends a DT or fills TimezoneOffsetFromUTC, or None."""
    found = ZONE.search(text.strip())
    if not found:
        return None
    minutes = int(found[2]) * 60 + int(found[3])
    return timedelta(minutes=minutes if found[1] == "+" else -minutes) if minutes <= 14 * 60 else None


def moment(date: str, time: str) -> datetime | None:
    """The moment of a DA and a TM (local to the scanner), or None where either is absent or impossible."""
    day = re.sub(r"\D", "", date)[:8]
    whole, _, fraction = time.strip().replace(":", "").partition(".")
    clock = re.sub(r"\D", "", whole)
    if len(day) != 8 or len(clock) < 4:
        return None
    clock = clock[:6].ljust(6, "0")
    micro = re.sub(r"\D", "", fraction)[:6].ljust(6, "0")
    try:
        return datetime.strptime(day + clock + micro, "%Y%m%d%H%M%S%f")
    except ValueError:
        return None


def moment_of_dt(text: str, scanner_zone: timedelta | None) -> datetime | None:
    """The moment of a DT in the scanner's own time; a zone in it is honoured where the scanner's zone is known."""
    text = text.strip()
    own = zone_offset(text) if len(text) > 14 else None
    plain = ZONE.sub("", text) if own is not None else text
    at = moment(plain[:8], plain[8:])
    if at is None or own is None or scanner_zone is None:
        return at
    return at - own + scanner_zone
