"""Would forecasts like these have held in the past? A backtest of several origins, with segments, kept in a folder.

A simulated project business: deals of five industries, closed over eight years. Models are fitted anew at each
of three origins on what was known on that day, and a year later the deals that were closed stand beside the forecast.
"""

import shutil
from pathlib import Path

import ltv_bayes as lb

OUTPUT = Path(__file__).parent / "output"
OUTPUT.mkdir(exist_ok=True)
KEPT = OUTPUT / "13_origins"
shutil.rmtree(KEPT, ignore_errors=True)

business = lb.samples.simulate_project_business(150, years=8, random_seed=3)
orders = business.transactions()
terms = {
    "origins": 3,
    "horizon": "1 year",
    "time_unit": "month",
    "attributes": business.clients,
    "by": "industry",
    "folder": KEPT,
    "random_seed": 1,
    "draws": 250,
    "progressbar": False,
}

print("1. Three origins, a year apart: the total beside its forecast, and customers' own intervals\n")
found = lb.backtest(orders, **terms)
print(found)
print("\n  Read the verdict with its note: three windows that held do not prove that nine in ten will.")

print("\n2. All origins together, by level, beside forecasts that need no model\n")
columns = ["forecasts", "eti50", "eti80", "eti90", "bias", "skill", "log_interval_score"]
print(found.scores().loc["spend", columns].round(2).to_string())
print("\n  skill: by which share the error (CRPS) is below that of the best naive forecast.")

print("\n3. The segments of the last origin\n")
totals = found.totals().loc["spend"].xs("segment", level="level")
last = totals.xs(totals.index.get_level_values("as_of").max(), level="as_of")
print(lb.readable(last[["customers", "actual", "median", "eti90_lb", "eti90_ub", "inside"]], "CNY").to_string())

print("\n4. Who was ranked highest, and what they were worth\n")
deciles = found.deciles()
print(lb.readable(deciles[["customers", "predicted", "actual", "actual_share"]]).to_string())
gini, naive = deciles.attrs["gini"], deciles.attrs["gini_last_period"]
print(f"\n  Gini {gini:.2f}; ranked by what they bought last year, {naive:.2f}")

print("\n5. The same call again reads what is kept in its folder, and fits nothing")
again = lb.backtest(orders, **terms)
print(f"  the same verdict: {again.verdict == found.verdict}")

print("\n6. Would another model have done better? Two over the same origins, without a folder\n")
models = {"BG/NBD": lb.BGNBD(calendar_effects=None), "MBG/NBD": lb.MBGNBD(calendar_effects=None)}
compared = lb.backtest(orders, **{**terms, "folder": None}, models=models)
print(compared.verdict)

found.summary().to_csv(OUTPUT / "13_backtest.csv")
lb.plot_backtest(found).savefig(OUTPUT / "13_backtest.png", dpi=150)
lb.plot_backtest(compared).savefig(OUTPUT / "13_models.png", dpi=150)
lb.plot_cohorts(found).savefig(OUTPUT / "13_cohorts.png", dpi=150)
lb.plot_deciles(found).figure.savefig(OUTPUT / "13_deciles.png", dpi=150)
print(f"\nwritten: {OUTPUT / '13_backtest.png'}, 13_models.png, 13_cohorts.png and 13_deciles.png")
