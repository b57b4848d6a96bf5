"""Do 90% intervals hold what customers really spent? CDNOW, here and with the peer, on the same customers.

    make holds

Customers of the 1/10 sample are known until 1997-09-30; what each of them spent in the 39 weeks after is known too.
Ours are predictive intervals of spend in these weeks. The peer's are intervals of what its method for customer lifetime
value returns for nine months (39 weeks are 8.97), not discounted.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DATA = HERE / ".data"
PEER = HERE / ".peer" / "bin" / "python"
PROB = 0.9
MONTHS = 9


def held_here() -> dict[str, float]:
    """Fit until 1997-09-30, forecast 39 weeks, and compare; writes what the peer needs."""
    import ltv_bayes as lb

    orders = lb.samples.cdnow_orders()
    found = lb.backtest(orders, as_of="1997-09-30", horizon="39 weeks", random_seed=1, progressbar=False)
    customers = lb.summarize(orders, time_unit="week", as_of="1997-09-30").table
    actual = found.actual["spend"].reindex(customers.index)
    table = customers[["frequency", "recency", "T", "monetary_value"]].assign(actual=actual).reset_index()
    DATA.mkdir(exist_ok=True)
    table.to_parquet(DATA / "cdnow_with_actual.parquet")
    low, high = found.predicted_spend.quantile([(1 - PROB) / 2, (1 + PROB) / 2], dim=("chain", "draw"))
    return {"customers": len(table), "held": share_inside(low.values, high.values, actual.to_numpy())}


def held_by_peer() -> dict[str, float]:
    """The same with the peer's usual fit and its customer lifetime value; run by its own Python."""
    import pandas as pd
    from pymc_marketing.clv import BetaGeoModel, GammaGammaModel

    table = pd.read_parquet(DATA / "cdnow_with_actual.parquet").fillna({"monetary_value": 0.0})
    settings = {"nuts_sampler": "nutpie", "progressbar": False, "random_seed": 1}
    purchases, spend = BetaGeoModel(), GammaGammaModel()
    purchases.fit(table[["customer_id", "frequency", "recency", "T"]], **settings)
    spend.fit(table.loc[table["monetary_value"] > 0, ["customer_id", "frequency", "monetary_value"]], **settings)
    value = spend.expected_customer_lifetime_value(
        transaction_model=purchases.thin_fit_result(keep_every=4),
        data=table.drop(columns="actual"),
        future_t=MONTHS,
        discount_rate=0.0,
        time_unit="W",
    )
    low, high = value.quantile([(1 - PROB) / 2, (1 + PROB) / 2], dim=("chain", "draw"))
    return {"customers": len(table), "held": share_inside(low.values, high.values, table["actual"].to_numpy())}


def share_inside(low: Any, high: Any, actual: Any) -> float:
    """The share of customers whose spend lies in their interval, ends included."""
    import numpy as np

    return float(np.mean((low <= actual + 1e-9) & (actual <= high + 1e-9)))


def main() -> None:
    """Compare, or, as the peer, print what was found."""
    if sys.argv[1:] == ["peer"]:
        print(json.dumps(held_by_peer()))
        return
    ours = held_here()
    run = subprocess.run([PEER, __file__, "peer"], capture_output=True, text=True, check=True)
    theirs = json.loads(run.stdout.splitlines()[-1])
    print(f"90% intervals that held what customers of CDNOW spent in 39 weeks, of {ours['customers']:,} customers")
    print(f"  ltv_bayes, predictive intervals:              {ours['held']:.1%}")
    print(f"  pymc-marketing, intervals of its expectation: {theirs['held']:.1%}")


if __name__ == "__main__":
    main()
