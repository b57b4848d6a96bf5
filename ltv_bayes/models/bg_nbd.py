"""BG/NBD as a PyMC model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ltv_bayes.data.customers import Customers, require_customers
from ltv_bayes.data.histories import Histories
from ltv_bayes.formulas import fused
from ltv_bayes.formulas.bg_nbd import PARAMETERS
from ltv_bayes.inference.methods import Method
from ltv_bayes.models import rates
from ltv_bayes.models.direct_density import Likelihood
from ltv_bayes.models.prior_predictive import prior_tree
from ltv_bayes.models.priors import POSITIVE, PROBABILITY, Domain, Prior, chosen_priors
from ltv_bayes.models.rates import require_population
from ltv_bayes.models.recipe import Recipe
from ltv_bayes.predictions.fitted import fit_attrs
from ltv_bayes.predictions.purchases import FittedPurchases, replicate_histories

if TYPE_CHECKING:
    import pymc as pm

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


@dataclass(frozen=True)
class BGNBD:
    """How often do customers come back, and when do they leave? The settings of a BG/NBD model.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones. The names are ``mean_rate`` (purchases per time unit of the
        average customer while alive, r / alpha), ``rate_cv`` (coefficient of variation of the rate between customers,
        1 / sqrt(r)), ``dropout_mean`` (average probability of leaving after a purchase, a / (a + b)) and
        ``dropout_concentration`` (how alike customers are in it, a + b). Instead of the first two, ``r`` and
        ``alpha``; instead of the last two, ``a`` and ``b``. A prior is a `Prior`, a mapping, a PyMC or a PreliZ
        distribution.

    Examples
    --------
    >>> from ltv_bayes.models.priors import Prior
    >>> BGNBD(priors={"dropout_mean": Prior("Beta", alpha=1, beta=3)})
    BGNBD(priors={'dropout_mean': Prior('Beta', alpha=1, beta=3)})

    Notes
    -----
    The usual priors follow the data's own scale, so changing the time unit changes nothing but the unit: mean_rate
    is LogNormal around repeat purchases per observed time with sigma 2, rate_cv LogNormal(0, 1), dropout_mean
    uniform, dropout_concentration LogNormal(ln 3, 1). All are proper: with flat ones the posterior would not be,
    since the likelihood stays finite as a and b grow together.

    References
    ----------
    Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24.
    """

    priors: Mapping[str, Any] = field(default_factory=dict)

    def default_priors(self, customers: Customers) -> dict[str, Prior]:
        """Say which priors the model takes for these customers where the user gives none."""
        require_customers(customers)
        return _usual_priors(customers.unique_histories())

    def build(self, customers: Customers) -> "pm.Model":
        """Make the PyMC model, with the likelihood on unique histories with their counts.

        Returns
        -------
        pymc.Model
            With r, alpha, a, b in the customers' time unit; an ordinary model that can be extended.
        """
        require_customers(customers)
        return self._recipe(customers.unique_histories()).model()

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
        """
        require_customers(customers)
        require_population(customers)
        recipe = self._recipe(customers.unique_histories())
        tree = recipe.fit(
            method=method,
            draws=draws,
            tune=tune,
            chains=chains,
            random_seed=random_seed,
            progressbar=progressbar,
            **sampler_settings,
        )
        tree.attrs.update(fit_attrs("bg_nbd", customers, time_unit=customers.time_unit, settings=recipe.settings()))
        return FittedPurchases(tree)

    def sample_prior(self, customers: Customers, *, draws: int = 1000, random_seed: int | None = None) -> xr.DataTree:
        """Draw parameters from the priors, and from each draw the histories that these customers would have.

        Returns
        -------
        xarray.DataTree
            Group ``prior`` of shape (chain, draw) and group ``prior_predictive`` with ``frequency`` and ``recency``
            of shape (chain, draw, customer_id).
        """
        prior = prior_tree(self.build(customers), draws=draws, random_seed=random_seed)
        prior["prior_predictive"] = xr.DataTree(
            replicate_histories(prior["prior"].to_dataset(), "bg_nbd", customers, random_seed=random_seed)
        )
        return prior

    def _recipe(self, histories: Histories) -> Recipe:
        def likelihood() -> Likelihood:
            tables = fused.purchase_tables(histories.frequency, histories.recency, histories.T, histories.count)
            return Likelihood(PARAMETERS, fused.bg_nbd, fused.bg_nbd_value, tables)

        def observe(parameters: Mapping[str, Any]) -> None:
            from ltv_bayes.models.likelihoods import add_bg_nbd

            add_bg_nbd(histories, {name: parameters[name] for name in PARAMETERS})

        priors = chosen_priors(self.priors, _usual_priors(histories), ALTERNATIVES)
        return Recipe(priors, DOMAINS, with_parameters, likelihood, observe, len(histories))


def _usual_priors(histories: Histories) -> dict[str, Prior]:
    return {
        **rates.usual_priors(histories),
        "dropout_mean": Prior("Beta", alpha=1.0, beta=1.0),
        "dropout_concentration": Prior("LogNormal", mu=np.log(3.0), sigma=1.0),
    }


def with_parameters(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Add r, alpha, a, b, whichever way the priors were written."""
    named = rates.with_parameters(variables)
    if "dropout_mean" in named:
        named["a"] = named["dropout_mean"] * named["dropout_concentration"]
        named["b"] = (1 - named["dropout_mean"]) * named["dropout_concentration"]
    return named
