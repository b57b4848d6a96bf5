"""Natural names of what models are made of, and the papers' parameters: plain arithmetic, for numbers of any kind.

Priors, covariates and differences between segments are stated for quantities that one can picture, such as a mean rate,
and not for r and alpha.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ltv_bayes.language import N_

Arithmetic = Callable[[Mapping[str, Any]], dict[str, Any]]

LOG, LOGIT, IDENTITY = "log", "logit", "identity"


def rates(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Add r and alpha of rate ~ Gamma(r, alpha)."""
    named = dict(variables)
    if "mean_rate" in named:
        named["r"] = named["rate_cv"] ** -2.0
        named["alpha"] = named["r"] / named["mean_rate"]
    return named


def purchases(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Add r, alpha, and a, b of dropout ~ Beta(a, b)."""
    named = rates(variables)
    if "dropout_mean" in named:
        named["a"] = named["dropout_mean"] * named["dropout_concentration"]
        named["b"] = (1 - named["dropout_mean"]) * named["dropout_concentration"]
    return named


def regular_purchases(k: int) -> Arithmetic:
    """Make the same of purchases that are each k-th event, whose rate ~ Gamma(r, alpha); mean_rate is of purchases."""

    def arithmetic(variables: Mapping[str, Any]) -> dict[str, Any]:
        named = purchases(variables)
        if "mean_rate" in named:
            named["alpha"] = named["alpha"] / k
        return named

    return arithmetic


def spend(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Add p, q, v of gamma-gamma."""
    named = dict(variables)
    if "mean_spend" in named:
        named["p"] = named["order_cv"] ** -2.0
        named["q"] = 1 + named["q_excess"]
        named["v"] = named["mean_spend"] * named["q_excess"] / named["p"]
    return named


def churn(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Add alpha and beta of churn ~ Beta(alpha, beta)."""
    named = dict(variables)
    if "churn_mean" in named:
        named["alpha"] = named["churn_mean"] * named["churn_concentration"]
        named["beta"] = (1 - named["churn_mean"]) * named["churn_concentration"]
    return named


class Naming(NamedTuple):
    """How a model's parameters follow from natural quantities.

    Attributes
    ----------
    arithmetic : callable
        From natural quantities by name to all by name.
    links : mapping
        Each natural quantity, with the scale on which segments and covariates shift it.
    levels : tuple of str
        Those that say how much there is of something; the others say how customers differ around it.
    parameters : tuple of str
        The papers' names, in the order in which kernels take them.
    alternatives : mapping
        Groups of parameters that may have priors, each to the quantities in place of which they stand.
    k : int
        Events to a purchase.
    """

    arithmetic: Arithmetic
    links: Mapping[str, str]
    levels: tuple[str, ...]
    parameters: tuple[str, ...]
    alternatives: Mapping[tuple[str, ...], tuple[str, ...]]
    k: int = 1


_OF_RATES: dict[tuple[str, ...], tuple[str, ...]] = {("r", "alpha"): ("mean_rate", "rate_cv")}
_PURCHASES = Naming(
    purchases,
    {"mean_rate": LOG, "rate_cv": LOG, "dropout_mean": LOGIT, "dropout_concentration": LOG},
    ("mean_rate", "dropout_mean"),
    ("r", "alpha", "a", "b"),
    {**_OF_RATES, ("a", "b"): ("dropout_mean", "dropout_concentration")},
)
_WITH_FIRST_DROPOUT = _PURCHASES._replace(
    links={**_PURCHASES.links, "first_dropout": LOGIT},
    levels=(*_PURCHASES.levels, "first_dropout"),
    parameters=(*_PURCHASES.parameters, "first_dropout"),
)
_CHURN = Naming(
    churn,
    {"churn_mean": LOGIT, "churn_concentration": LOG},
    ("churn_mean",),
    ("alpha", "beta"),
    {("alpha", "beta"): ("churn_mean", "churn_concentration")},
)
REGULAR = ("bg_cnbd", "mbg_cnbd", "bg_cnbd_at_once")  # they ask for k
TITLES = {
    "bg_nbd": "BG/NBD",
    "mbg_nbd": "MBG/NBD",
    "bg_cnbd": "BG/CNBD-k",
    "mbg_cnbd": "MBG/CNBD-k",
    "bg_nbd_at_once": N_("BG/NBD with a share that leaves at once"),
    "bg_cnbd_at_once": N_("BG/CNBD-k with a share that leaves at once"),
    "nbd": "NBD",
    "gamma_gamma": N_("gamma-gamma"),
    "shifted_beta_geometric": N_("shifted beta-geometric"),
    "beta_discrete_weibull": N_("beta-discrete-Weibull"),
}
"""How each model is written for readers, by its name."""
NAMINGS: dict[str, Naming] = {
    "bg_nbd": _PURCHASES,
    "mbg_nbd": _PURCHASES,
    "bg_cnbd": _PURCHASES,
    "mbg_cnbd": _PURCHASES,
    "bg_nbd_at_once": _WITH_FIRST_DROPOUT,
    "bg_cnbd_at_once": _WITH_FIRST_DROPOUT,
    "nbd": Naming(rates, {"mean_rate": LOG, "rate_cv": LOG}, ("mean_rate",), ("r", "alpha"), _OF_RATES),
    "gamma_gamma": Naming(
        spend,
        {"mean_spend": LOG, "order_cv": LOG, "q_excess": LOG},
        ("mean_spend",),
        ("p", "q", "v"),
        {("p", "q", "v"): ("mean_spend", "order_cv", "q_excess")},
    ),
    "shifted_beta_geometric": _CHURN,
    "beta_discrete_weibull": _CHURN._replace(links={**_CHURN.links, "c": LOG}, parameters=("alpha", "beta", "c")),
}


def naming(model: str, k: int = 1) -> Naming:
    """How parameters of a model follow from natural quantities; k says how regular purchases are, where it matters.

    Examples
    --------
    >>> naming("bg_cnbd", 4).arithmetic({"mean_rate": 0.5, "rate_cv": 1.0})["alpha"]
    0.5
    """
    found = NAMINGS[model]
    return found._replace(arithmetic=regular_purchases(k), k=k) if model in REGULAR else found


def with_slopes(plain: Naming, names: Sequence[str]) -> Naming:
    """The same where slopes of covariates are parameters beside the others, the last ones.

    Examples
    --------
    >>> with_slopes(naming("shifted_beta_geometric"), ["churn_slope_health"]).parameters
    ('alpha', 'beta', 'churn_slope_health')
    """
    links = {**plain.links, **dict.fromkeys(names, IDENTITY)}
    return plain._replace(links=links, parameters=(*plain.parameters, *names))
