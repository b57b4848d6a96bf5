"""Gamma-gamma as a PyMC model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ltv_bayes.data.customers.customers import Customers, require_customers
from ltv_bayes.data.customers.grouping import in_groups
from ltv_bayes.data.customers.histories import SpendHistories, unique_spend
from ltv_bayes.errors import InputError
from ltv_bayes.formulas.kernels import likelihoods
from ltv_bayes.formulas.kernels.grouped_likelihoods import end_to_end
from ltv_bayes.formulas.models import parameterization
from ltv_bayes.formulas.models.gamma_gamma import NAME, PARAMETERS
from ltv_bayes.inference.methods import Method
from ltv_bayes.models.density.direct_density import Likelihood
from ltv_bayes.models.density.pooled import Pool, PooledRecipe, Settings, pooled_priors
from ltv_bayes.models.density.recipe import Recipe
from ltv_bayes.models.priors.prior_predictive import as_fit, prior_tree
from ltv_bayes.models.priors.priors import POSITIVE, Domain, Prior, chosen_priors
from ltv_bayes.predictions.fitted import fit_attrs
from ltv_bayes.predictions.spend import FittedSpend, replicate_mean_spend

if TYPE_CHECKING:
    import pymc as pm

DOMAINS: dict[str, Domain] = {
    "mean_spend": POSITIVE,
    "order_cv": POSITIVE,
    "q_excess": POSITIVE,
    "p": POSITIVE,
    "q": Domain(1.0, np.inf),
    "v": POSITIVE,
}
ALTERNATIVES: dict[tuple[str, ...], tuple[str, ...]] = {("p", "q", "v"): ("mean_spend", "order_cv", "q_excess")}


@dataclass(frozen=True, repr=False)
class GammaGamma(Settings):
    """What do customers spend per order? The settings of a gamma-gamma model.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones. The names are ``mean_spend`` (expected order value over all
        customers, p v / (q - 1), in the customers' currency), ``order_cv`` (coefficient of variation of one customer's
        orders, 1 / sqrt(p)) and ``q_excess`` (q - 1 > 0: the smaller, the more customers differ in what they spend).
        Instead of the three, ``p``, ``q`` and ``v``, with q above 1.
    pool_by : str or sequence of str, optional
        Columns of segments, such as ``"industry"``. Each segment has a mean spend of its own, drawn from
        a common distribution whose width is learned; effects of several columns add up. See docs/pooling.md for
        priors, and for what a pooled fit can do.
    covariates : str, sequence of str or mapping, optional
        Columns of numbers that shift the same.

    Notes
    -----
    The usual priors follow the data's own scale: mean_spend is LogNormal around the mean order value with sigma 1,
    order_cv LogNormal(ln 0.5, 1), q_excess LogNormal(ln 2, 1). q above 1 makes mean spend exist in every draw.
    The model assumes that what customers spend does not depend on how often they buy; `FittedSpend` reports the
    correlation found in the data.

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV, Journal of Marketing Research 42; Hardie's note 025.
    """

    priors: Mapping[str, Any] = field(default_factory=dict)
    pool_by: str | Sequence[str] | None = field(default=None, kw_only=True)
    covariates: Sequence[str] | Mapping[str, Sequence[str]] | str | None = field(default=None, kw_only=True)

    def default_priors(self, customers: Customers) -> dict[str, Prior]:
        """Say which priors the model takes for these customers where the user gives none."""
        require_customers(customers)
        return _usual_priors(_spend(customers))

    def build(self, customers: Customers) -> "pm.Model":
        """Make the PyMC model, with the likelihood on unique histories with their counts.

        Returns
        -------
        pymc.Model
            With p, q, v; v in the customers' currency.
        """
        require_customers(customers)
        return self._recipe(customers, _spend(customers)).model()

    def fit(
        self,
        customers: Customers,
        *,
        method: Method = "auto",
        draws: int = 1000,
        tune: int | None = None,
        chains: int = 4,
        random_seed: int | None = None,
        progressbar: bool = True,
        **sampler_settings: Any,
    ) -> FittedSpend:
        """Draw from the posterior; arguments as in `BGNBD.fit`.

        Raises
        ------
        InputError
            If fewer than two customers have a repeat order with a value.

        Warns
        -----
        ConvergenceWarning
            If Pareto k, r-hat, effective sample size or divergences say that the draws cannot be trusted.
        """
        require_customers(customers)
        histories = _spend(customers)
        recipe = self._recipe(customers, histories)
        tree = recipe.fit(
            method=method,
            draws=draws,
            tune=tune,
            chains=chains,
            random_seed=random_seed,
            progressbar=progressbar,
            **sampler_settings,
        )
        tree.attrs.update(fit_attrs(NAME, customers, time_unit="", settings=recipe.settings()))
        tree.attrs["frequency_spend_correlation"] = frequency_spend_correlation(histories)
        return FittedSpend(tree)

    def sample_prior(self, customers: Customers, *, draws: int = 1000, random_seed: int | None = None) -> xr.DataTree:
        """Draw parameters from the priors, and from each draw the mean spend that these customers would show.

        Returns
        -------
        xarray.DataTree
            Group ``prior`` of shape (chain, draw) and group ``prior_predictive`` with ``monetary_value`` of shape
            (chain, draw, customer_id), of the customers with a repeat order that carries a value.
        """
        recipe = self._recipe(customers, _spend(customers))
        prior = prior_tree(recipe.model(), draws=draws, random_seed=random_seed)
        fit = FittedSpend(as_fit(prior["prior"].to_dataset(), {"model": NAME, **recipe.attrs()}))
        prior["prior_predictive"] = xr.DataTree(replicate_mean_spend(fit, customers, random_seed=random_seed))
        return prior

    def _recipe(self, customers: Customers, histories: SpendHistories) -> Recipe | PooledRecipe:
        pool = Pool.of(NAME, self.pool_by, self.covariates)
        if pool is None:
            return self._alike(histories)
        columns = ("spend_frequency", "monetary_value")
        buyers = (batch.table[batch.table["spend_frequency"] > 0] for batch in customers.batches())
        data = in_groups(buyers, columns, pool.grouping)
        tables = [likelihoods.spend_tables(*(part[name] for name in (*columns, "count"))) for part in data.parts()]
        priors = pooled_priors(NAME, pool, self.priors, _usual_priors(histories))
        return PooledRecipe(NAME, PARAMETERS, pool, data, end_to_end(tables), priors)

    def _alike(self, histories: SpendHistories) -> Recipe:
        def likelihood() -> Likelihood:
            tables = likelihoods.spend_tables(histories.frequency, histories.monetary_value, histories.count)
            return Likelihood(PARAMETERS, likelihoods.gamma_gamma, likelihoods.gamma_gamma_value, tables)

        def observe(parameters: Mapping[str, Any]) -> None:
            from ltv_bayes.models.density.graphs import add_gamma_gamma

            add_gamma_gamma(histories, {name: parameters[name] for name in PARAMETERS})

        priors = chosen_priors(self.priors, _usual_priors(histories), ALTERNATIVES)
        return Recipe(priors, DOMAINS, parameterization.spend, likelihood, observe, len(histories))


def frequency_spend_correlation(histories: SpendHistories) -> float:
    """Correlation of frequency and mean spend among repeat buyers; the model takes it to be 0."""
    values = np.stack([histories.frequency, histories.monetary_value])
    if histories.count.sum() < 3 or (np.ptp(values, axis=1) == 0).any():
        return float("nan")
    covariance = np.cov(values, fweights=histories.count)
    return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))


def _spend(customers: Customers) -> SpendHistories:
    histories = unique_spend(customers)
    buyers = int(histories.count.sum())
    if buyers == 0:
        raise InputError(
            f"None of the {len(customers):,} customers has a repeat order with a value, so what they spend cannot be "
            f"learned. Give a longer log, or value them by judgement alone.",
        )
    if buyers == 1:
        raise InputError(
            "Only one customer has repeat orders with a value, which cannot show how customers differ. Give a longer "
            "log or more customers."
        )
    return histories


def _usual_priors(histories: SpendHistories) -> dict[str, Prior]:
    orders = histories.frequency * histories.count
    mean = float((orders * histories.monetary_value).sum() / orders.sum())
    return {
        "mean_spend": Prior("LogNormal", mu=np.log(mean), sigma=1.0),
        "order_cv": Prior("LogNormal", mu=np.log(0.5), sigma=1.0),
        "q_excess": Prior("LogNormal", mu=np.log(2.0), sigma=1.0),
    }
