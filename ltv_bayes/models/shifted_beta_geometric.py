"""Shifted beta-geometric as a PyMC model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ltv_bayes.data.customers.grouping import in_groups
from ltv_bayes.data.subscriptions.renewals import STATES, RenewalHistories, Renewals, require_renewals
from ltv_bayes.errors import InputError
from ltv_bayes.formulas.kernels import likelihoods
from ltv_bayes.formulas.kernels.grouped_likelihoods import end_to_end
from ltv_bayes.formulas.models import parameterization
from ltv_bayes.formulas.models.shifted_beta_geometric import NAME, PARAMETERS
from ltv_bayes.inference.methods import Method
from ltv_bayes.models.density.direct_density import Likelihood
from ltv_bayes.models.density.pooled import Pool, PooledRecipe, Settings, pooled_priors
from ltv_bayes.models.density.recipe import Recipe
from ltv_bayes.models.priors.priors import POSITIVE, PROBABILITY, Domain, Prior, chosen_priors
from ltv_bayes.predictions.fitted import fit_attrs
from ltv_bayes.predictions.renewals import FittedRenewals

if TYPE_CHECKING:
    import pymc as pm

DOMAINS: dict[str, Domain] = {
    "churn_mean": PROBABILITY,
    "churn_concentration": POSITIVE,
    "alpha": POSITIVE,
    "beta": POSITIVE,
}
ALTERNATIVES: dict[tuple[str, ...], tuple[str, ...]] = {("alpha", "beta"): ("churn_mean", "churn_concentration")}


@dataclass(frozen=True, repr=False)
class ShiftedBetaGeometric(Settings):
    """How often do subscribers renew? The settings of a shifted beta-geometric model.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones. The names are ``churn_mean`` (average probability of not renewing,
        alpha / (alpha + beta)) and ``churn_concentration`` (how alike subscribers are in it, alpha + beta). Instead of
        the two, ``alpha`` and ``beta``.
    pool_by : str or sequence of str, optional
        Columns of segments, such as ``"industry"``. Each segment has a mean churn of its own, drawn from
        a common distribution whose width is learned; effects of several columns add up. See docs/pooling.md for
        priors, and for what a pooled fit can do.
    covariates : str, sequence of str or mapping, optional
        Columns of numbers that shift the same.

    Notes
    -----
    The usual priors: churn_mean uniform; churn_concentration LogNormal around 1 / churn, churn being the share of
    renewals not made in the data, with sigma 1. So alpha is around 1, and the coefficient of variation of churn between
    subscribers too, whether contracts run for a month or a year.

    Churn is that of one renewal, so contracts of different length are better fitted apart:
    ``renewals.subset(renewals.table["period"] == "year")``.

    References
    ----------
    Fader & Hardie (2007), How to project customer retention, Journal of Interactive Marketing 21.
    """

    priors: Mapping[str, Any] = field(default_factory=dict)
    pool_by: str | Sequence[str] | None = field(default=None, kw_only=True)
    covariates: Sequence[str] | Mapping[str, Sequence[str]] | str | None = field(default=None, kw_only=True)

    def default_priors(self, renewals: Renewals) -> dict[str, Prior]:
        """Say which priors the model takes for these renewals where the user gives none."""
        require_renewals(renewals)
        return _usual_priors(renewals.unique_histories())

    def build(self, renewals: Renewals) -> "pm.Model":
        """Make the PyMC model, with the likelihood on unique histories with their counts.

        Returns
        -------
        pymc.Model
            With alpha and beta; an ordinary model that can be extended.
        """
        require_renewals(renewals)
        return self._recipe(renewals).model()

    def fit(
        self,
        renewals: Renewals,
        *,
        method: Method = "auto",
        draws: int = 1000,
        tune: int | None = None,
        chains: int = 4,
        random_seed: int | None = None,
        progressbar: bool = True,
        **sampler_settings: Any,
    ) -> FittedRenewals:
        """Draw from the posterior; arguments as in `BGNBD.fit`.

        Raises
        ------
        InputError
            If fewer than two subscriptions have come to a renewal.

        Warns
        -----
        ConvergenceWarning
            If Pareto k, r-hat, effective sample size or divergences say that the draws cannot be trusted.
        """
        require_renewals(renewals)
        _require_renewal_dates(renewals.unique_histories())
        recipe = self._recipe(renewals)
        tree = recipe.fit(
            method=method,
            draws=draws,
            tune=tune,
            chains=chains,
            random_seed=random_seed,
            progressbar=progressbar,
            **sampler_settings,
        )
        tree.attrs.update(
            fit_attrs(NAME, renewals, time_unit="", settings=recipe.settings()),
            periods=", ".join(sorted(renewals.table["period"].unique())) if "period" in renewals.table else "",
        )
        return FittedRenewals(tree)

    def _recipe(self, renewals: Renewals) -> Recipe | PooledRecipe:
        pool = Pool.of(NAME, self.pool_by, self.covariates)
        if pool is None:
            return self._alike(renewals.unique_histories())
        data = in_groups([renewals.settled()], STATES, pool.grouping, weight="subscriptions", noun="subscription")
        tables = [tuple(part[name] for name in (*STATES, "count")) for part in data.parts()]
        priors = pooled_priors(NAME, pool, self.priors, _usual_priors(renewals.unique_histories()))
        return PooledRecipe(NAME, PARAMETERS, pool, data, end_to_end(tables), priors)

    def _alike(self, histories: RenewalHistories) -> Recipe:
        def likelihood() -> Likelihood:
            tables = (histories.renewals, histories.lost, histories.count)
            return Likelihood(
                PARAMETERS, likelihoods.shifted_beta_geometric, likelihoods.shifted_beta_geometric_value, tables
            )

        def observe(parameters: Mapping[str, Any]) -> None:
            from ltv_bayes.models.density.graphs import add_shifted_beta_geometric

            add_shifted_beta_geometric(histories, {name: parameters[name] for name in PARAMETERS})

        priors = chosen_priors(self.priors, _usual_priors(histories), ALTERNATIVES)
        return Recipe(priors, DOMAINS, parameterization.churn, likelihood, observe, len(histories))


def _usual_priors(histories: RenewalHistories) -> dict[str, Prior]:
    lost = float((histories.lost * histories.count).sum())
    made = float((histories.renewals * histories.count).sum())
    churn = max(lost, 0.5) / max(made + lost, 1.0)
    return {
        "churn_mean": Prior("Beta", alpha=1.0, beta=1.0),
        "churn_concentration": Prior("LogNormal", mu=-np.log(churn), sigma=1.0),
    }


def _require_renewal_dates(histories: RenewalHistories) -> None:
    came = histories.count[(histories.renewals > 0) | (histories.lost > 0)].sum()
    if came < 2:
        raise InputError(
            f"{int(came)} of {int(histories.count.sum()):,} subscriptions came to a renewal, so churn cannot be "
            f"learned. Give records that go on for longer."
        )
