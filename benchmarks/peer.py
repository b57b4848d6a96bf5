"""The timed tasks of the peer, pymc-marketing, run by its own environment: ``python peer.py TASK '{...}'``.

The two samplers are PyMC's own, which the peer uses as it is installed, and nutpie, which it uses once that is there.
"""

import warnings
from typing import Any

from measuring import main, measured, peak_mb, since_start

PACKAGES = ("pymc-marketing", "numpy", "scipy", "numba", "pandas", "pymc", "pytensor", "nutpie", "arviz")
PURCHASES = ("r", "alpha", "a", "b")
SPEND = ("p", "q", "v")
MONTHLY = 1.10 ** (1 / 12) - 1


def import_package() -> dict[str, Any]:
    """From a running interpreter to the imported package."""
    with measured() as result:
        import pymc_marketing.clv  # noqa: F401
    return result


def posteriors(table: str, sampler: str, draws: int, tune: int) -> dict[str, Any]:
    """Both posteriors, from the start of the process: imports and compilation are counted."""
    purchases, spend, _ = fits(table, sampler, draws, tune)
    result = {"seconds": since_start(), "peak_mb": peak_mb()}
    return result | {"ess": min(smallest_ess(purchases, PURCHASES), smallest_ess(spend, SPEND)), "method": sampler}


def purchases(table: str, sampler: str, draws: int, tune: int) -> dict[str, Any]:
    """The BG/NBD posterior; imports and reading not counted."""
    import pandas as pd
    from pymc_marketing.clv import BetaGeoModel

    customers = pd.read_parquet(table)[["customer_id", "frequency", "recency", "T"]]
    with measured() as result:
        model = BetaGeoModel()
        model.fit(customers, **settings(sampler, draws, tune))
    return result | {"ess": smallest_ess(model, PURCHASES), "method": sampler, "customers": len(customers)}


def lifetime_value(table: str, draws: int) -> dict[str, Any]:
    """Expected value of every customer over a year, of a posterior with so many draws; nothing else is counted."""
    purchases, spend, customers = fits(table, "nutpie", draws // 2, draws // 2)
    purchases, spend = (model.thin_fit_result(keep_every=2) for model in (purchases, spend))
    with measured() as result:
        value = spend.expected_customer_lifetime_value(
            transaction_model=purchases, data=customers, future_t=12, discount_rate=MONTHLY, time_unit="W"
        )
    assert value.sizes["chain"] * value.sizes["draw"] == draws
    return result | {"customers": value.sizes["customer_id"]}


def fits(table: str, sampler: str, draws: int, tune: int) -> tuple[Any, Any, Any]:
    """Fit both models, with the package's own priors; spend from those with repeat purchases, as it asks."""
    import pandas as pd
    from pymc_marketing.clv import BetaGeoModel, GammaGammaModel

    customers = pd.read_parquet(table)[["customer_id", "frequency", "recency", "T", "monetary_value"]].fillna(0.0)
    purchases, spend = BetaGeoModel(), GammaGammaModel()
    purchases.fit(customers, **settings(sampler, draws, tune))
    spend.fit(customers[customers["monetary_value"] > 0], **settings(sampler, draws, tune))
    return purchases, spend, customers


def settings(sampler: str, draws: int, tune: int) -> dict[str, Any]:
    """Give what `fit` hands on to PyMC: as many chains and draws as ours, all else as it is by default."""
    quiet = {"progressbar": False, "random_seed": 1}
    return {"nuts_sampler": sampler, "draws": draws, "tune": tune, "chains": 4, **quiet}


def smallest_ess(model: Any, parameters: tuple[str, ...]) -> float:
    """Give ArviZ's bulk ESS of the parameter that mixed worst."""
    import arviz

    found = arviz.ess(model.fit_result[list(parameters)], method="bulk")
    return min(float(value) for value in found.data_vars.values())


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    every = (import_package, posteriors, purchases, lifetime_value)
    main({task.__name__: task for task in every}, PACKAGES)
