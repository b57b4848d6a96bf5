"""The worked examples, and what point formulas refuse."""

import pytest

import ltv_bayes as lb
from ltv_bayes.errors import UnitError


def test_subscription_per_month():
    assert lb.subscription_ltv(arpa=1000, margin=0.8, churn=0.02) == pytest.approx(40_000)


def test_subscription_second_convention():
    assert lb.subscription_ltv(arpa=1000, margin=0.3, churn=0.20) == pytest.approx(1_500)


def test_project():
    assert lb.project_ltv(average_deal=500_000, average_deals=3, future_value=800_000) == 2_300_000


def test_hybrid_discounts_each_year():
    found = lb.hybrid_ltv(
        product_sale=1000, consumables=[110, 121], subscription=[220], service=[0, 242], discount_rate=0.1
    )
    assert found == pytest.approx(1000 + 100 + 100 + 200 + 200)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lb.subscription_ltv(arpa=1000, margin=80, churn=0.02), "Write 80% as margin=0.8"),
        (lambda: lb.subscription_ltv(arpa=1000, margin=0.8, churn=0), "churn is 0"),
        (lambda: lb.subscription_ltv(arpa=1000, margin=0.8, churn=2), "churn must lie"),
        (lambda: lb.subscription_ltv(arpa="a lot", margin=0.8, churn=0.1), "arpa must be a number"),
        (lambda: lb.project_ltv(average_deal=-1, average_deals=3), "average_deal must not be negative"),
        (lambda: lb.hybrid_ltv(product_sale=1, discount_rate=-0.1), "discount_rate"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(UnitError, match=message):
        call()
