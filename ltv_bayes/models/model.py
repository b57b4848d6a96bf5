"""What all models of customers share: how they are set, built and fitted."""

import logging
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

import xarray as xr

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.grouping import Grouping, InGroups
from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.formulas.models.parameterization import naming
from ltv_bayes.formulas.special import IntArray
from ltv_bayes.inference.methods import Method
from ltv_bayes.models.density.calendar import Calendar, OnClock
from ltv_bayes.models.density.pool import Pool
from ltv_bayes.models.density.recipe import Recipe
from ltv_bayes.models.priors import Prior, require_priors
from ltv_bayes.predictions.fitted import FittedModel, fit_attrs

if TYPE_CHECKING:
    import pymc as pm


@dataclass(frozen=True, repr=False)
class Model[Data: (Customers, Renewals), Fit: FittedModel](ABC):
    """Settings of a model; the interface of `BGNBD`, `GammaGamma` and the others.

    Parameters
    ----------
    priors : mapping, optional
        Priors by name, in place of the usual ones. A prior is a `Prior`, a mapping, a PyMC or a PreliZ distribution.
    pool_by : str or sequence of str, optional
        Columns of segments, such as ``"industry"``: their parameters are drawn from a common distribution.
    covariates : str, sequence of str or mapping, optional
        Columns of numbers that shift parameters.

    Raises
    ------
    PriorError
        If ``priors`` are none.
    """

    priors: Mapping[str, Any] = field(default_factory=dict)
    pool_by: str | Sequence[str] | None = field(default=None, kw_only=True)
    covariates: Sequence[str] | Mapping[str, Sequence[str]] | str | None = field(default=None, kw_only=True)

    _name: ClassVar[str]
    _fitted: ClassVar[type[Any]]

    def __post_init__(self) -> None:
        require_priors(self.priors)

    def __repr__(self) -> str:
        given = [(one, getattr(self, one.name)) for one in fields(self)]
        stated = ", ".join(f"{one.name}={value!r}" for one, value in given if value != one.default)
        return f"{type(self).__name__}({stated})"

    def default_priors(self, data: Data) -> dict[str, Prior]:
        """Answer which priors the model takes for these data where the user gives none.

        Returns
        -------
        dict of Prior
            By the name of the variable.
        """
        return self._usual_priors(data, self._histories(data, self._pool.grouping))

    def build(self, data: Data) -> "pm.Model":
        """Make the PyMC model, with the likelihood on unique histories with their counts.

        Returns
        -------
        pymc.Model
            With the papers' parameters in the data's time unit and currency; an ordinary model that can be extended.
        """
        return self._recipe(data).model()

    def fit(
        self,
        data: Data,
        *,
        method: Method = "auto",
        draws: int = 1000,
        tune: int | None = None,
        chains: int = 4,
        random_seed: int | None = None,
        progressbar: bool = True,
        **sampler_settings: Any,
    ) -> Fit:
        """Draw from the posterior.

        Parameters
        ----------
        data : Customers or Renewals
            `Renewals` for `ShiftedBetaGeometric`, `Customers` for all other models. At least two; a customer without a
            repeat purchase is informative too.
        method : {"auto", "laplace", "nuts"}
            How to draw: "laplace" weights draws from an approximation at the mode, "nuts" runs Markov chains, "auto"
            takes the first where its own diagnostics certify it and else the second. The result states which it was.
            Pooled models are drawn from by "nuts" where "auto" is given.
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
        FittedPurchases, FittedEvents, FittedSpend or FittedRenewals
            Posterior draws with the forecasts they make: `FittedPurchases` from `BGNBD` and its kin, `FittedEvents`
            from `NBD`, `FittedSpend` from `GammaGamma`, `FittedRenewals` from `ShiftedBetaGeometric`.

        Raises
        ------
        InputError
            If the data cannot show how customers differ: one customer, fewer than two with a repeat order that has a
            value, fewer than two subscriptions that had a renewal date.

        Warns
        -----
        ConvergenceWarning
            If Pareto k, r-hat, effective sample size or divergences say that the draws cannot be trusted.
        DataWarning
            If no customer has a repeat purchase, so that the priors decide.
        """
        self._require(data)
        recipe = self._recipe(data)
        self._warn(data)
        tree = recipe.fit(
            method=method,
            draws=draws,
            tune=tune,
            chains=chains,
            random_seed=random_seed,
            progressbar=progressbar,
            **sampler_settings,
        )
        self._with_shared(tree, data)
        time_unit, settings = self._time_unit(data), recipe.settings()
        tree.attrs.update(fit_attrs(self._model, data, time_unit=time_unit, settings=settings))
        tree.attrs.update(self._more_attrs(data, recipe.data))
        fit: Fit = self._fitted(tree)
        tree.attrs.update(self._learned(fit, data))
        return fit

    def sample_prior(self, data: Data, *, draws: int = 1000, random_seed: int | None = None) -> xr.DataTree:
        """Draw parameters from the priors, and from each draw the histories that these customers would have.

        Parameters
        ----------
        data : Customers or Renewals
            As in `fit`.
        draws : int
            Of one chain.
        random_seed : int, optional
            The same seed gives the same draws.

        Returns
        -------
        xarray.DataTree
            Group ``prior`` of shape (chain, draw) and group ``prior_predictive`` of shape (chain, draw, customer_id):
            ``frequency`` and ``recency`` of purchases, ``frequency`` of events, ``monetary_value`` of the customers
            with a repeat order that has a value. Of subscriptions, group ``prior`` alone.
        """
        recipe = self._recipe(data)
        prior = _prior_draws(recipe.model(), draws, random_seed)
        drawn = prior["prior"].to_dataset()
        tree = xr.DataTree.from_dict(
            {"posterior": drawn if recipe.calendar is None else recipe.calendar.with_parts(drawn)}
        )
        attrs = fit_attrs(self._model, data, time_unit=self._time_unit(data), settings=recipe.settings())
        tree.attrs.update({**attrs, **recipe.attrs()})
        self._with_shared(tree, data)
        if (replicated := self._replicated(self._fitted(tree), data, random_seed)) is not None:
            prior["prior_predictive"] = xr.DataTree(replicated)
        return prior

    def _recipe(self, data: Data) -> Recipe:
        pool = self._pool
        histories = self._histories(data, pool.grouping)
        usual = self._usual_priors(data, histories)
        priors = pool.priors(naming(self._model), self.priors, usual)
        tables = [self._tables(**part) for part in histories.parts()]
        calendar, clock, slopes = self._calendar(data), self._clock(data), self._slopes_by_date()
        return Recipe(self._model, pool, histories, tables, priors, self._k, calendar, clock, slopes)

    @property
    def _model(self) -> str:
        """The name of the model, as in `formulas.models.parameterization`."""
        return self._name

    @property
    def _pool(self) -> Pool:
        return Pool.of(self._model, self.pool_by, self.covariates)

    def _calendar(self, data: Data) -> Calendar | None:
        """What moves all customers at once, in a model that has it."""
        return None

    def _clock(self, data: Data) -> Callable[[InGroups, Any], tuple[IntArray, OnClock]] | None:
        """What lays out histories on the clock of a calendar."""
        return None

    def _slopes_by_date(self) -> tuple[str, ...]:
        """Names of the slopes of covariates that vary in time, in a model that has them."""
        return ()

    @property
    def _k(self) -> int | None:
        """How regular purchases are, in a model that asks for it."""
        return None

    def _require(self, data: Data) -> None:  # noqa: B027
        """Refuse data from which the model cannot learn."""

    def _warn(self, data: Data) -> None:  # noqa: B027
        """Warn of data from which the model learns little."""

    @abstractmethod
    def _histories(self, data: Data, grouping: Grouping) -> InGroups:
        """Distinct histories of each group; of one group of all customers where no column makes groups."""

    @abstractmethod
    def _usual_priors(self, data: Data, histories: InGroups) -> dict[str, Prior]: ...

    @abstractmethod
    def _tables(self, **columns: Any) -> tuple[Any, ...]:
        """Lay out the histories of a group for the kernel."""

    def _time_unit(self, data: Data) -> str:
        """The time unit of the parameters, where they have one."""
        return ""

    def _with_shared(self, tree: xr.DataTree, data: Data) -> None:  # noqa: B027
        """Put what all customers share, and is learned apart from the parameters, into a fit."""

    def _learned(self, fit: Fit, data: Data) -> dict[str, Any]:
        """What a fit carries of the customers fitted, so that it does not depend on who is valued."""
        return {}

    def _more_attrs(self, data: Data, histories: InGroups) -> dict[str, Any]:
        """What else a fit remembers of its data."""
        return {}

    def _replicated(self, fit: Fit, data: Data, random_seed: int | None) -> xr.Dataset | None:
        """Histories that these customers would have, for each draw."""
        return None


def _prior_draws(model: "pm.Model", draws: int, random_seed: int | None) -> xr.DataTree:
    """Draw every unobserved variable of a PyMC model from its prior: group ``prior`` of shape (chain, draw)."""
    import pymc as pm

    logger = logging.getLogger("pymc")
    level = logger.level
    logger.setLevel(logging.ERROR)
    names = [variable.name for variable in model.unobserved_RVs]
    try:
        with warnings.catch_warnings():  # parameters alone are drawn, on which the likelihood has no effect
            warnings.filterwarnings("ignore", message="The effect of Potentials", category=UserWarning)
            sampled = pm.sample_prior_predictive(draws, model=model, var_names=names, random_seed=random_seed)
    finally:
        logger.setLevel(level)
    return xr.DataTree.from_dict({"prior": sampled["prior"].to_dataset()[names]})
