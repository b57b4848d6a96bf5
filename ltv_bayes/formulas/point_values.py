"""The point formulas behind the three business models: plain numbers in, one number out.

They answer with one number and say nothing of how sure it is; the models of this package do.
"""

from collections.abc import Sequence

from ltv_bayes.errors import UnitError
from ltv_bayes.time_units import as_number


def subscription_ltv(*, arpa: float, margin: float, churn: float) -> float:
    """Lifetime value of a subscriber: revenue per account and period x margin / churn per period.

    Both usual conventions are this formula: `arpa` is the average revenue per account (or average spend) of one
    period, `churn` the share of subscribers lost in such a period.

    Parameters
    ----------
    arpa : float
        Revenue per account and period, in money.
    margin : float
        Gross or profit margin, between 0 and 1.
    churn : float
        Share of subscribers lost per period, above 0 and at most 1.

    Examples
    --------
    >>> round(subscription_ltv(arpa=1000, margin=0.8, churn=0.02), 6)
    40000.0
    >>> round(subscription_ltv(arpa=1000, margin=0.3, churn=0.2), 6)
    1500.0
    """
    churn = as_share(churn, "churn")
    if churn == 0:
        raise UnitError("churn is 0: subscribers who never leave have no finite value. Give a churn above 0.")
    return as_money(arpa, "arpa") * as_share(margin, "margin") / churn


def project_ltv(*, average_deal: float, average_deals: float, future_value: float = 0.0) -> float:
    """Lifetime value of a project client: average deal x average number of deals + estimated future value.

    Examples
    --------
    >>> project_ltv(average_deal=500_000, average_deals=3, future_value=800_000)
    2300000.0
    """
    deals = as_money(average_deal, "average_deal") * as_money(average_deals, "average_deals")
    return deals + as_money(future_value, "future_value")


def hybrid_ltv(
    *,
    product_sale: float = 0.0,
    consumables: Sequence[float] = (),
    subscription: Sequence[float] = (),
    service: Sequence[float] = (),
    discount_rate: float = 0.0,
) -> float:
    """Lifetime value of a hybrid client: product sale, consumables, subscription and service, discounted and added.

    Parameters
    ----------
    product_sale : float
        Paid today.
    consumables, subscription, service : sequences of float
        Expected money of year 1, year 2, ..., paid at the end of each year.
    discount_rate : float
        Annual and effective.

    Examples
    --------
    >>> value = hybrid_ltv(product_sale=100, consumables=[11, 12.1], subscription=[11], discount_rate=0.10)
    >>> round(value, 6)
    130.0
    """
    rate = as_number(discount_rate, "discount_rate")
    if not 0 <= rate < 1:
        raise UnitError(
            f"discount_rate must lie between 0 and 1, not {rate:g}. Write 10% a year as discount_rate=0.10."
        )
    total = as_money(product_sale, "product_sale")
    for name, payments in (("consumables", consumables), ("subscription", subscription), ("service", service)):
        total += sum(as_money(paid, name) / (1 + rate) ** year for year, paid in enumerate(payments, start=1))
    return total


def as_share(value: float, name: str) -> float:
    """Read a number between 0 and 1."""
    number = as_number(value, name)
    if not 0 <= number <= 1:
        raise UnitError(f"{name} must lie between 0 and 1, not {number:g}. Write 35% as {name}=0.35.")
    return number


def as_money(value: float, name: str) -> float:
    """Read a number that is not negative."""
    number = as_number(value, name)
    if number < 0:
        raise UnitError(f"{name} must not be negative, not {number:g}.")
    return number
