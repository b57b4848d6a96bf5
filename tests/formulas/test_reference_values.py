"""Every formula at given parameters, to 1e-9, against values computed with 40 digits from the definitions."""

import json
from pathlib import Path

import pytest

from ltv_bayes.formulas.models import bg_nbd, gamma_gamma, mbg_nbd, shifted_beta_geometric

VALUES = json.loads((Path(__file__).parent / "reference_values.json").read_text(encoding="utf-8"))["values"]
MODELS = {
    "bg_nbd": bg_nbd,
    "mbg_nbd": mbg_nbd,
    "gamma_gamma": gamma_gamma,
    "shifted_beta_geometric": shifted_beta_geometric,
}
ABOUT_THE_FUTURE = {
    "expected_purchases": ("t",),
    "expected_purchases_new_customer": ("t",),
    "discounted_expected_purchases": ("t", "delta"),
    "probability_of_purchases": ("y", "t"),
    "probability_of_purchases_new_customer": ("y", "t"),
}


def computed(model: str, quantity: str, inputs: dict[str, float]) -> float:
    """Call the function that the quantity names."""
    inputs = dict(inputs)
    module = MODELS[model]
    if quantity not in ABOUT_THE_FUTURE:
        return float(getattr(module, quantity)(**inputs))
    asked = [inputs.pop(name) for name in ABOUT_THE_FUTURE[quantity]]
    future = module.outlook_of_new_customer if quantity.endswith("_new_customer") else module.outlook
    return float(getattr(module, quantity.removesuffix("_new_customer"))(*asked, future(**inputs)))


@pytest.mark.parametrize(
    "case", VALUES, ids=[f"{n}-{case['model']}-{case['quantity']}" for n, case in enumerate(VALUES)]
)
def test_formula_agrees_with_definition(case):
    value = computed(case["model"], case["quantity"], case["inputs"])
    assert value == pytest.approx(float(case["value"]), rel=1e-9, abs=0)


def test_all_294_values_are_there():
    assert len(VALUES) == 294
