"""What models of customers who may leave unseen, BG/NBD and its kin, have in common: all but their likelihood."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr

from ltv_bayes.data.customers.customers import Customers, require_customers
from ltv_bayes.data.customers.grouping import in_groups
from ltv_bayes.data.customers.histories import Histories, unique_histories
from ltv_bayes.formulas.kernels import likelihoods
from ltv_bayes.formulas.kernels.grouped_likelihoods import end_to_end
from ltv_bayes.formulas.kernels.regular_likelihoods import regular_tables
from ltv_bayes.formulas.models import parameterization
from ltv_bayes.formulas.models.bg_nbd import PARAMETERS
from ltv_bayes.inference.methods import Method
from ltv_bayes.models import rates
from ltv_bayes.models.density.direct_density import Likelihood
from ltv_bayes.models.density.many_draws import Kernel
from ltv_bayes.models.density.pooled import Pool, PooledRecipe, Settings, pooled_priors
from ltv_bayes.models.density.recipe import Recipe
from ltv_bayes.models.priors.prior_predictive import as_fit, prior_tree
from ltv_bayes.models.priors.priors import POSITIVE, PROBABILITY, Domain, Prior, chosen_priors
from ltv_bayes.models.rates import require_population, warn_of_no_repeats
from ltv_bayes.predictions.fitted import fit_attrs
from ltv_bayes.predictions.purchases import FittedPurchases, replicate_histories

if TYPE_CHECKING:
    import pymc as pm

COLUMNS = ("frequency", "recency", "T")
DOMAINS: dict[str, Domain] = {
    **rates.DOMAINS,
    "dropout_mean": PROBABILITY,
    "dropout_concentration": POSITIVE,
    "a": POSITIVE,
    "b": POSITIVE,
}
ALTERNATIVES: dict[tuple[str, ...], tuple[str, ...]] = {
    **rates.ALTERNATIVES,
    ("a", "b"): ("dropout_mean", "dropout_concentration"),
}


class Family(NamedTuple):
    """In what one of these models differs from the others.

    Attributes
    ----------
    name : str
        What fits carry.
    kernel, value_kernel : callable
        The fused log-likelihood with its derivatives, and alone.
    may_leave_at_once : bool
        Whether customers may leave after the first purchase, or after repeat purchases only.
    k : int, optional
        How regular purchases are, in a model that asks for it.
    """

    name: str
    kernel: Kernel
    value_kernel: Kernel
    may_leave_at_once: bool
    k: int | None = None

    @property
    def naming(self) -> parameterization.Naming:
        """How the papers' parameters follow from natural quantities."""
        return parameterization.naming(self.name, self.k or 1)

    @property
    def attrs(self) -> dict[str, int]:
        """What a fit must know of the model beside its name."""
        return {} if self.k is None else {"k": self.k}

    def likelihood(self, histories: Histories) -> Likelihood:
        """Lay out unique histories for the kernels."""
        return Likelihood(PARAMETERS, self.kernel, self.value_kernel, self._tables(histories))

    def _tables(self, histories: Histories) -> tuple[Any, ...]:
        columns = histories.frequency, histories.recency, histories.T, histories.count
        if self.k is not None:
            return regular_tables(*columns, self.k)
        return likelihoods.purchase_tables(*columns, may_leave_at_once=self.may_leave_at_once)


@dataclass(frozen=True, repr=False)
class PurchaseModel(Settings, ABC):
    """Settings of a model of purchases and of leaving; the interface of `BGNBD` and its kin.

    Attributes
    ----------
    priors : mapping
        Priors by name, in place of the usual ones.
    pool_by, covariates
        By what parameters differ between customers; see `ltv_bayes.models.density.pooled`.
    """

    priors: Mapping[str, Any] = field(default_factory=dict)
    pool_by: str | Sequence[str] | None = field(default=None, kw_only=True)
    covariates: Sequence[str] | Mapping[str, Sequence[str]] | str | None = field(default=None, kw_only=True)

    @property
    @abstractmethod
    def family(self) -> Family:
        """Which model it is."""

    def default_priors(self, customers: Customers) -> dict[str, Prior]:
        """Say which priors the model takes for these customers where the user gives none."""
        require_customers(customers)
        return _usual_priors(unique_histories(customers))

    def build(self, customers: Customers) -> "pm.Model":
        """Make the PyMC model, with the likelihood on unique histories with their counts.

        Returns
        -------
        pymc.Model
            With r, alpha, a, b in the customers' time unit; an ordinary model that can be extended.
        """
        require_customers(customers)
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
    ) -> FittedPurchases:
        """Draw from the posterior.

        Parameters
        ----------
        customers : Customers
            At least two; a customer without a repeat purchase carries information too.
        method : {"auto", "laplace", "nuts"}
            How to draw: "laplace" weights draws from an approximation at the mode, "nuts" runs Markov chains, "auto"
            takes the first where its own diagnostics certify it and else the second. The result says which it was.
        draws, chains : int
            Draws kept for each chain, and number of chains.
        tune : int, optional
            Draws of each Markov chain that only tune the sampler; as many as needed where not given.
        random_seed : int, optional
            The same seed gives the same draws.
        progressbar : bool
            Whether to show progress.
        **sampler_settings
            Passed on to `pymc.sample`; they ask for NUTS.

        Returns
        -------
        FittedPurchases
            Posterior draws with the forecasts they make.

        Warns
        -----
        ConvergenceWarning
            If Pareto k, r-hat, effective sample size or divergences say that the draws cannot be trusted.
        DataWarning
            If no customer has a repeat purchase, so that the priors decide.
        """
        require_customers(customers)
        require_population(customers)
        recipe = self._recipe(customers)
        warn_of_no_repeats(customers)
        tree = recipe.fit(
            method=method,
            draws=draws,
            tune=tune,
            chains=chains,
            random_seed=random_seed,
            progressbar=progressbar,
            **sampler_settings,
        )
        settings = {**recipe.settings(), **self.family.attrs}
        tree.attrs.update(fit_attrs(self.family.name, customers, time_unit=customers.time_unit, settings=settings))
        tree.attrs.update(self.family.attrs)
        return FittedPurchases(tree)

    def sample_prior(self, customers: Customers, *, draws: int = 1000, random_seed: int | None = None) -> xr.DataTree:
        """Draw parameters from the priors, and from each draw the histories that these customers would have.

        Returns
        -------
        xarray.DataTree
            Group ``prior`` of shape (chain, draw) and group ``prior_predictive`` with ``frequency`` and ``recency``
            of shape (chain, draw, customer_id).
        """
        require_customers(customers)
        recipe = self._recipe(customers)
        prior = prior_tree(recipe.model(), draws=draws, random_seed=random_seed)
        attrs = {"model": self.family.name, "time_unit": customers.time_unit, **recipe.attrs(), **self.family.attrs}
        fit = FittedPurchases(as_fit(prior["prior"].to_dataset(), attrs))
        prior["prior_predictive"] = xr.DataTree(replicate_histories(fit, customers, random_seed=random_seed))
        return prior

    def _recipe(self, customers: Customers) -> Recipe | PooledRecipe:
        pool = Pool.of(self.family.name, self.pool_by, self.covariates)
        if pool is None:
            return self._alike(unique_histories(customers))
        data = in_groups((batch.table for batch in customers.batches()), COLUMNS, pool.grouping)
        columns = (data.histories[name].to_numpy(dtype=float) for name in (*COLUMNS, "count"))
        priors = pooled_priors(self.family.name, pool, self.priors, _usual_priors(Histories(*columns)))
        tables = end_to_end([tuple(self.family.likelihood(Histories(**part)).tables) for part in data.parts()])
        return PooledRecipe(self.family.name, PARAMETERS, pool, data, tables, priors, self.family.k)

    def _alike(self, histories: Histories) -> Recipe:
        def likelihood() -> Likelihood:
            return self.family.likelihood(histories)

        def observe(parameters: Mapping[str, Any]) -> None:
            from ltv_bayes.models.density.graphs import add_histories

            add_histories(histories, self.family.likelihood(histories), parameters)

        priors = chosen_priors(self.priors, _usual_priors(histories), ALTERNATIVES)
        return Recipe(priors, DOMAINS, self.family.naming.arithmetic, likelihood, observe, len(histories))


def _usual_priors(histories: Histories) -> dict[str, Prior]:
    return {
        **rates.usual_priors(histories),
        "dropout_mean": Prior("Beta", alpha=1.0, beta=1.0),
        "dropout_concentration": Prior("LogNormal", mu=np.log(3.0), sigma=1.0),
    }
