"""Natural names of what models are made of, and the papers' parameters: plain arithmetic, for numbers of any kind.

Priors, covariates and differences between segments are stated for quantities that one can picture, such as a mean rate,
and not for r and alpha.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ltv_bayes.language import N_

Arithmetic = Callable[[Mapping[str, Any]], dict[str, Any]]
ChainRule = Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]

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


def by_rates(named: Mapping[str, Any], slope: Mapping[str, Any]) -> dict[str, Any]:
    """Derivatives by mean_rate and rate_cv, on the scale of their links, from those by r and alpha; or by these."""
    by_r, by_alpha = named["r"] * slope["r"], named["alpha"] * slope["alpha"]
    if "mean_rate" in named:
        return {"mean_rate": -by_alpha, "rate_cv": -2.0 * (by_r + by_alpha)}
    return {"r": by_r, "alpha": by_alpha}


def by_purchases(named: Mapping[str, Any], slope: Mapping[str, Any]) -> dict[str, Any]:
    """Derivatives by the quantities of `purchases`, from those by r, alpha, a, b, and first_dropout where it is one."""
    dropout = _by_mean_and_concentration("dropout", ("a", "b"), named, slope)
    if "first_dropout" in named:
        first = named["first_dropout"]
        dropout["first_dropout"] = first * (1 - first) * slope["first_dropout"]
    return {**by_rates(named, slope), **dropout}


def by_spend(named: Mapping[str, Any], slope: Mapping[str, Any]) -> dict[str, Any]:
    """Derivatives by the quantities of `spend`, from those by p, q, v."""
    by_v = named["v"] * slope["v"]
    return {
        "mean_spend": by_v,
        "order_cv": 2.0 * (by_v - named["p"] * slope["p"]),
        "q_excess": named["q_excess"] * slope["q"] + by_v,
    }


def by_churn(named: Mapping[str, Any], slope: Mapping[str, Any]) -> dict[str, Any]:
    """Derivatives by the quantities of `churn`, from those by alpha, beta, and c where it is one."""
    by_c = {"c": named["c"] * slope["c"]} if "c" in named else {}
    return {**_by_mean_and_concentration("churn", ("alpha", "beta"), named, slope), **by_c}


def _by_mean_and_concentration(
    name: str, shapes: tuple[str, str], named: Mapping[str, Any], slope: Mapping[str, Any]
) -> dict[str, Any]:
    """Derivatives by mean and concentration of a beta distribution, from those by its shapes; or by these."""
    a, b = (named[shape] for shape in shapes)
    slope_a, slope_b = (slope[shape] for shape in shapes)
    if f"{name}_mean" in named:
        return {
            f"{name}_mean": a * b / (a + b) * (slope_a - slope_b),
            f"{name}_concentration": a * slope_a + b * slope_b,
        }
    return {shapes[0]: a * slope_a, shapes[1]: b * slope_b}


class Naming(NamedTuple):
    """How a model's parameters follow from natural quantities.

    Attributes
    ----------
    arithmetic : callable
        From natural quantities by name to all by name.
    chain_rule : callable
        From all by name, and derivatives by the parameters, to those by the quantities on the scale of their links.
    links : mapping
        Each natural quantity, with the scale on which segments and covariates shift it.
    levels : tuple of str
        Those that say how much there is of something; the others say how customers differ around it.
    parameters : tuple of str
        The papers' names, in the order in which kernels take them.
    alternatives : mapping
        Groups of parameters that may have priors, each to the quantities in place of which they stand.
    """

    arithmetic: Arithmetic
    chain_rule: ChainRule
    links: Mapping[str, str]
    levels: tuple[str, ...]
    parameters: tuple[str, ...]
    alternatives: Mapping[tuple[str, ...], tuple[str, ...]]


_OF_RATES: dict[tuple[str, ...], tuple[str, ...]] = {("r", "alpha"): ("mean_rate", "rate_cv")}
_PURCHASES = Naming(
    purchases,
    by_purchases,
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
    by_churn,
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
    "nbd": Naming(rates, by_rates, {"mean_rate": LOG, "rate_cv": LOG}, ("mean_rate",), ("r", "alpha"), _OF_RATES),
    "gamma_gamma": Naming(
        spend,
        by_spend,
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
    return found._replace(arithmetic=regular_purchases(k)) if model in REGULAR else found


def with_slopes(plain: Naming, names: Sequence[str]) -> Naming:
    """The same where slopes of covariates are parameters beside the others, the last ones.

    Examples
    --------
    >>> with_slopes(naming("shifted_beta_geometric"), ["churn_slope_health"]).parameters
    ('alpha', 'beta', 'churn_slope_health')
    """

    def chain_rule(named: Mapping[str, Any], slope: Mapping[str, Any]) -> dict[str, Any]:
        return plain.chain_rule(named, slope) | {name: slope[name] for name in names}

    links = {**plain.links, **dict.fromkeys(names, IDENTITY)}
    return plain._replace(chain_rule=chain_rule, links=links, parameters=(*plain.parameters, *names))
