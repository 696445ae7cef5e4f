"""Lesions, coverage and facts in, Staging out: how probable every T, N, M and stage is, in three editions, and why.

`posterior.py` holds the sum, the files it names its parts. Numbers: priors/network and priors/costs.toml.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..records import EditionStaging, Facts, Lesions, Staging
from ..records.names import ROLES
from ..tnm import EDITIONS
from .choices import least_cost, most_likely
from .editions import axes_of, joint_of, stage_of
from .effects import effects_of
from .notes import notes_of
from .parameters import StagingParameters, shipped_parameters
from .posterior import Posterior, infer_posterior, read_patient
from .roles import Roles, roles_of
from .rules import rules_of
from .worth import would_change


def infer_staging(
    lesions: Lesions,
    coverage: Mapping[str, float],
    facts: Facts | None = None,
    parameters: StagingParameters | None = None,
    coverage_pet: Mapping[str, float] | None = None,
    station_coverage: Mapping[str, float] | None = None,
    explain: bool = True,
) -> Staging:
    """The stage of one patient.

    coverage           name of COVERED (and of regions.csv, where known) -> share inside the CT, in [0, 1]
    coverage_pet       the same for the PET; None without PET
    station_coverage   station -> share inside the CT, where it is known better than from its region
    explain            False leaves `effects` and `would_change` empty, which takes most of the time
    raises             ImpossibleRequest for a fact or what-if that cannot be, naming what can
    """
    parameters = parameters or shipped_parameters()
    patient = read_patient(lesions, coverage, facts or Facts(), parameters, coverage_pet, station_coverage)
    posterior = infer_posterior(patient, in_detail=True)
    roles = roles_of(posterior)
    return Staging(
        primary=roles.primary,
        roles={name: dict(zip(ROLES, map(float, row))) for name, row in zip(patient.evidence.ids, roles.roles)},
        editions={edition: edition_of(posterior, roles, edition) for edition in EDITIONS},
        effects=effects_of(posterior, roles) if explain else (),
        would_change=would_change(posterior, roles) if explain else (),
        notes=notes_of(posterior, roles),
    )


def edition_of(posterior: Posterior, roles: Roles, edition: int) -> EditionStaging:
    """One edition's answer."""
    parameters = posterior.patient.parameters
    axes = axes_of(edition, parameters)
    joint = joint_of(posterior, edition)
    t, n, m = (joint.sum(axis=axis) for axis in ((1, 2), (0, 2), (0, 1)))
    book = axes.book
    return EditionStaging(
        edition, book.t_names, book.n_names, book.m_names, joint,
        named(book.t_names, t), named(book.n_names, n), named(book.m_names, m),
        named(book.stage_names, stage_of(joint, axes)),
        most_likely(joint, axes), least_cost(joint, axes, parameters), rules_of(posterior, roles, edition),
    )  # fmt: skip


def named(names, values) -> dict[str, float]:
    """Names to plain numbers."""
    return dict(zip(names, map(float, values)))
