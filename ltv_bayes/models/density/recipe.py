"""What every model does with its priors and its likelihood: a PyMC model, and posterior draws."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import xarray as xr

from ltv_bayes.inference.methods import fit_posterior
from ltv_bayes.inference.nuts import has_nutpie
from ltv_bayes.models.density.direct_density import Arithmetic, DirectDensity, Likelihood
from ltv_bayes.models.priors.priors import Domain, as_distributions, as_prior, describe, register

if TYPE_CHECKING:
    import pymc as pm


@dataclass(frozen=True)
class Recipe:
    """A model of some data.

    Attributes
    ----------
    priors : mapping
        Name of each free variable to its prior.
    domains : mapping
        Where each may lie.
    arithmetic : callable
        From free variables by name to all variables by name, those of the likelihood among them.
    likelihood : callable
        Lays out the data for the fused kernels.
    observe : callable
        Adds the data to the PyMC model on the context stack, given the parameters by name.
    unique_histories : int
        How many there are.
    """

    priors: Mapping[str, Any]
    domains: Mapping[str, Domain]
    arithmetic: Arithmetic
    likelihood: Callable[[], Likelihood]
    observe: Callable[[Mapping[str, Any]], None]
    unique_histories: int

    def model(self) -> "pm.Model":
        """Make the PyMC model: free variables, the others as deterministic ones, the data."""
        import pymc as pm

        distributions = as_distributions(self.priors, self.domains)
        with pm.Model(coords={"unique_history": range(self.unique_histories)}) as model:
            free = register(model, distributions)
            named = self.arithmetic(free)
            for name, value in named.items():
                if name not in free:
                    named[name] = pm.Deterministic(name, value)
            self.observe(named)
        return model

    def density(self) -> DirectDensity | None:
        """The model's log density written out, if its priors are of common families."""
        priors = {name: as_prior(prior) for name, prior in self.priors.items()}
        return DirectDensity.of(priors, self.domains, self.arithmetic, self.likelihood())

    def fit(self, **settings: Any) -> xr.DataTree:
        """Draw from the posterior; settings as in `fit_posterior`."""
        ours = {"method", "draws", "tune", "chains", "random_seed", "progressbar"}
        density = self.density() if has_nutpie() and ours.issuperset(settings) else None
        return fit_posterior(density or self.model(), **settings)

    def attrs(self) -> dict[str, Any]:
        """What a fit must know of how parameters differ between customers: nothing, they do not."""
        return {}

    def settings(self) -> dict[str, Any]:
        """What a fit remembers of it."""
        return {"priors": {name: describe(prior) for name, prior in self.priors.items()}}
