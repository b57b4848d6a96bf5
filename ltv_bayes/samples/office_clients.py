"""How clients of the simulated company for office equipment pay, come back, pay more or less, and leave."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Contract:
    """How clients with contracts of one length pay and leave.

    Attributes
    ----------
    name, period : str
        How the records write it, and its length: month, quarter or year.
    share : float
        Of the subscribers.
    months_paid : float
        Price of one period, in prices of a month.
    mean_churn, concentration : float
        Mean probability of leaving at a renewal, and how alike clients are in it.
    """

    name: str
    period: str
    share: float
    months_paid: float
    mean_churn: float
    concentration: float

    @property
    def parameters(self) -> dict[str, float]:
        """The same as alpha and beta of the shifted beta-geometric model."""
        alpha = self.mean_churn * self.concentration
        return {"alpha": alpha, "beta": self.concentration - alpha}


@dataclass(frozen=True)
class Purchases:
    """How often clients come back while the relation lives, and what they then pay.

    Attributes
    ----------
    per_year, rate_cv : float
        Mean purchases a year, and its coefficient of variation between clients.
    mean_amount, order_cv, q_excess : float
        Mean amount; coefficient of variation of one client's amounts; the smaller the last, the more clients differ.
    """

    per_year: float
    mean_amount: float
    rate_cv: float = 0.8
    order_cv: float = 0.5
    q_excess: float = 3.0

    @property
    def parameters(self) -> dict[str, float]:
        """The same as r, alpha (in years), p, q, v."""
        r, p = self.rate_cv**-2, self.order_cv**-2
        v = self.mean_amount * self.q_excess / p
        return {"r": r, "alpha": r / self.per_year, "p": p, "q": 1 + self.q_excess, "v": v}


@dataclass(frozen=True)
class Growth:
    """How the price of a client's contract changes by itself, at renewals.

    Attributes
    ----------
    changes_a_year : float
        Probability that a price changes within a year.
    upward : float
        Share of the changes that are upward.
    size, size_sd : float
        Mean and standard deviation of the logarithm of a change, before its sign.
    """

    changes_a_year: float = 0.35
    upward: float = 0.75
    size: float = 0.15
    size_sd: float = 0.05


CONTRACTS = (
    Contract("monthly", "month", share=0.55, months_paid=1, mean_churn=0.03, concentration=30),
    Contract("quarterly", "quarter", share=0.25, months_paid=3 * 0.97, mean_churn=0.08, concentration=20),
    Contract("yearly", "year", share=0.20, months_paid=12 * 0.9, mean_churn=0.18, concentration=10),
)
CONSUMABLES = Purchases(per_year=5.0, mean_amount=600.0)
SERVICE = Purchases(per_year=1.5, mean_amount=1_500.0)
