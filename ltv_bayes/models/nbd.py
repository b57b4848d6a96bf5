"""NBD as a PyMC model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import xarray as xr

from ltv_bayes.data.customers.customers import Customers, require_customers
from ltv_bayes.data.customers.grouping import in_groups
from ltv_bayes.data.customers.histories import EventHistories, unique_histories, without_recency
from ltv_bayes.formulas.kernels import likelihoods
from ltv_bayes.formulas.kernels.grouped_likelihoods import end_to_end
from ltv_bayes.formulas.models import parameterization
from ltv_bayes.formulas.models.nbd import NAME, PARAMETERS
from ltv_bayes.inference.methods import Method
from ltv_bayes.models import rates
from ltv_bayes.models.density.direct_density import Likelihood
from ltv_bayes.models.density.pooled import Pool, PooledRecipe, Settings, pooled_priors
from ltv_bayes.models.density.recipe import Recipe
from ltv_bayes.models.priors.prior_predictive import as_fit, prior_tree
from ltv_bayes.models.priors.priors import Prior, chosen_priors
from ltv_bayes.models.rates import require_population
from ltv_bayes.predictions.events import FittedEvents, replicate_events
from ltv_bayes.predictions.fitted import fit_attrs

if TYPE_CHECKING:
    import pymc as pm


@dataclass(frozen=True, repr=False)
class NBD(Settings):
    """How often does something happen to customers who stay? The settings of an NBD model.

    Events come at a rate of each customer's own for as long as they are observed: service calls under a contract,
    refills of a machine in use. Customers who may leave without saying so are a matter for `BGNBD`.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones. The names are ``mean_rate`` (events per time unit of the average
        customer, r / alpha) and ``rate_cv`` (coefficient of variation of the rate between customers, 1 / sqrt(r)).
        Instead of the two, ``r`` and ``alpha``. A prior is a `Prior`, a mapping, a PyMC or a PreliZ distribution.
    pool_by : str or sequence of str, optional
        Columns of segments, such as ``"industry"``. Each segment has a mean rate of its own, drawn from
        a common distribution whose width is learned; effects of several columns add up. See docs/pooling.md for
        priors, and for what a pooled fit can do.
    covariates : str, sequence of str or mapping, optional
        Columns of numbers that shift the same.

    Examples
    --------
    >>> from ltv_bayes.models.priors.priors import Prior
    >>> NBD(priors={"rate_cv": Prior("LogNormal", mu=0, sigma=0.5)})
    NBD(priors={'rate_cv': Prior('LogNormal', mu=0, sigma=0.5)})

    Notes
    -----
    Events are the customers' ``frequency``, the time in which they could happen is ``T``; recency says nothing here.
    The usual priors follow the data's own scale, so changing the time unit changes nothing but the unit: mean_rate is
    LogNormal around events per observed time with sigma 2, rate_cv LogNormal(0, 1).

    References
    ----------
    Ehrenberg (1959), The pattern of consumer purchases, Applied Statistics 8.
    """

    priors: Mapping[str, Any] = field(default_factory=dict)
    pool_by: str | Sequence[str] | None = field(default=None, kw_only=True)
    covariates: Sequence[str] | Mapping[str, Sequence[str]] | str | None = field(default=None, kw_only=True)

    def default_priors(self, customers: Customers) -> dict[str, Prior]:
        """Say which priors the model takes for these customers where the user gives none."""
        return rates.usual_priors(_events(customers))

    def build(self, customers: Customers) -> "pm.Model":
        """Make the PyMC model, with the likelihood on unique pairs of events and exposure with their counts.

        Returns
        -------
        pymc.Model
            With r and alpha, alpha in the customers' time unit; an ordinary model that can be extended.
        """
        return self._recipe(customers).model()

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
    ) -> FittedEvents:
        """Draw from the posterior; arguments as in `BGNBD.fit`.

        Warns
        -----
        ConvergenceWarning
            If Pareto k, r-hat, effective sample size or divergences say that the draws cannot be trusted.
        """
        recipe = self._recipe(customers)
        require_population(customers)
        tree = recipe.fit(
            method=method,
            draws=draws,
            tune=tune,
            chains=chains,
            random_seed=random_seed,
            progressbar=progressbar,
            **sampler_settings,
        )
        tree.attrs.update(fit_attrs(NAME, customers, time_unit=customers.time_unit, settings=recipe.settings()))
        return FittedEvents(tree)

    def sample_prior(self, customers: Customers, *, draws: int = 1000, random_seed: int | None = None) -> xr.DataTree:
        """Draw parameters from the priors, and from each draw the events that these customers would have.

        Returns
        -------
        xarray.DataTree
            Group ``prior`` of shape (chain, draw) and group ``prior_predictive`` with ``frequency`` of shape
            (chain, draw, customer_id).
        """
        recipe = self._recipe(customers)
        prior = prior_tree(recipe.model(), draws=draws, random_seed=random_seed)
        attrs = {"model": NAME, "time_unit": customers.time_unit, **recipe.attrs()}
        fit = FittedEvents(as_fit(prior["prior"].to_dataset(), attrs))
        prior["prior_predictive"] = xr.DataTree(replicate_events(fit, customers, random_seed=random_seed))
        return prior

    def _recipe(self, customers: Customers) -> Recipe | PooledRecipe:
        require_customers(customers)
        pool = Pool.of(NAME, self.pool_by, self.covariates)
        if pool is None:
            return self._alike(_events(customers))
        data = in_groups((batch.table for batch in customers.batches()), ("frequency", "T"), pool.grouping)
        columns = (data.histories[name].to_numpy(dtype=float) for name in ("frequency", "T", "count"))
        priors = pooled_priors(NAME, pool, self.priors, rates.usual_priors(EventHistories(*columns)))
        tables = [likelihoods.event_tables(part["frequency"], part["T"], part["count"]) for part in data.parts()]
        return PooledRecipe(NAME, PARAMETERS, pool, data, end_to_end(tables), priors)

    def _alike(self, histories: EventHistories) -> Recipe:
        def likelihood() -> Likelihood:
            tables = likelihoods.event_tables(histories.frequency, histories.T, histories.count)
            return Likelihood(PARAMETERS, likelihoods.nbd, likelihoods.nbd_value, tables)

        def observe(parameters: Mapping[str, Any]) -> None:
            from ltv_bayes.models.density.graphs import add_nbd

            add_nbd(histories, {name: parameters[name] for name in PARAMETERS})

        priors = chosen_priors(self.priors, rates.usual_priors(histories), rates.ALTERNATIVES)
        return Recipe(priors, rates.DOMAINS, parameterization.rates, likelihood, observe, len(histories))


def _events(customers: Customers) -> EventHistories:
    require_customers(customers)
    return without_recency(unique_histories(customers))
