"""The engine against pgmpy, which sums the same network its own way."""

import numpy as np
import pytest

from lungstage.errors import ImpossibleRequest
from lungstage.records import Biopsy, Facts
from lungstage.staging import observed, to_pgmpy
from lungstage.staging.parameters import M_FINE, N_FINE, shipped_parameters
from lungstage.staging.posterior import infer_posterior, read_patient

from .patients import THORAX, WHOLE_BODY, lesion, lesions, node

CASES = {
    "a nodule": (lesions(lesion(invades={"chest_wall": 0.3})), THORAX, Facts()),
    "a nodule, a node and a bone": (
        lesions(lesion(), node("L2", {"4R": 0.6, "7": 0.4}, 1.0), lesion("L3", "bone", log_odds=1.0)), THORAX, Facts()
    ),
    "a mass that would be harmless as a node": (
        lesions(
            lesion(size_mm=34),
            lesion("L2", p_kind={"pulmonary": 0.6, "node": 0.4}, log_odds=1.5, station="10R", log_odds_as={"node": -3.0}),
        ),
        WHOLE_BODY, Facts(),
    ),
    "a mass of doubtful kind": (
        lesions(lesion(size_mm=34), lesion("L2", p_kind={"pulmonary": 0.6, "node": 0.4}, log_odds=1.5, station="10R")),
        WHOLE_BODY, Facts(biopsies=(Biopsy("7", "EBUS", "negative"),), brain_mri="clear"),
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def quiet_pgmpy(recwarn):
    """What pgmpy warns of inside itself is not ours."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_pgmpy_agrees_on_n_m_and_the_primary(name):
    pytest.importorskip("pgmpy")
    from pgmpy.inference import VariableElimination

    model = to_pgmpy(*CASES[name])
    posterior = infer_posterior(read_patient(*CASES[name], shipped_parameters()), in_detail=False)

    assert model.check_model()
    query = VariableElimination(model)
    mass = posterior.rest * posterior.t8[posterior.pairs[:, 0]][:, None, :, None, None] / posterior.total
    nobody = posterior.nobody / posterior.total
    for variable, names, axes in (("N", N_FINE, (0, 1, 2, 4)), ("M", M_FINE, (0, 1, 2, 3))):
        found = query.query([variable], evidence=observed(model), show_progress=False)
        expected = mass.sum(axis=axes) + nobody * (np.arange(len(names)) == 0)
        values = [found.get_value(**{variable: state}) for state in names]
        # double precision over products of some ten tables
        assert values == pytest.approx(expected, abs=1e-9)
    none = query.query(["primary"], evidence=observed(model), show_progress=False).get_value(primary="no cancer")
    assert none == pytest.approx(nobody, rel=1e-6)


def test_too_many_lesions_for_pgmpy_are_an_error():
    with pytest.raises(ImpossibleRequest, match="up to 6"):
        to_pgmpy(lesions(*(lesion(f"L{k}") for k in range(7))), THORAX)
