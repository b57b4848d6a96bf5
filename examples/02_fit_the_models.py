"""How often do customers buy, when do they leave, and what do they spend? Two models, fitted and questioned.

BG/NBD for purchases and gamma-gamma for spend, on CDNOW: what the priors say before the data, how to replace one by
name, whether the sampler converged, whether the model can reproduce the data, and a comparison with arviz.loo. The
models are the plain ones, without what moves all customers at once, so that single customers have a likelihood.
"""

from pathlib import Path

import arviz as az
import numpy as np
import pandas as pd

import ltv_bayes as lb

OUTPUT = Path(__file__).parent / "output"
OUTPUT.mkdir(exist_ok=True)

customers = lb.summarize(lb.samples.cdnow_orders(), time_unit="week", as_of="1997-09-30")
frequency = customers.table["frequency"]

print("1. Priors. Where you give none, they follow the scale of the data:\n")
usual = lb.BGNBD(calendar_effects=None)
for name, prior in usual.default_priors(customers).items():
    print(f"  {name}: {prior}")

print("\nOne of them replaced by name, all others kept: 'few leave after any one purchase'\n")
loyal = lb.BGNBD(priors={"dropout_mean": lb.Prior("Beta", alpha=2, beta=8)}, calendar_effects=None)
print(f"  {loyal}")
try:
    lb.BGNBD(priors={"dropout_men": lb.Prior("Beta", alpha=2, beta=8)}).build(customers)
except lb.LtvBayesError as error:
    print(f"  a name misspelt: {error}")

print("\n2. What do the priors expect, before seeing the data? Share of customers without a repeat purchase:\n")
before = usual.sample_prior(customers, draws=500, random_seed=1)
shares = (before["prior_predictive"]["frequency"] == 0).mean("customer_id").to_numpy().ravel()
low, high = np.quantile(shares, [0.055, 0.945])
print(f"  prior: {low:.0%} to {high:.0%} (89% interval); data: {(frequency == 0).mean():.0%}")
print("  A prior this wide rules out little; the data decide.")

print("\n3. Fit\n")
purchases = usual.fit(customers, random_seed=1, progressbar=False)
purchases_loyal = loyal.fit(customers, random_seed=1, progressbar=False)
spend = lb.GammaGamma(price_growth=None).fit(customers, random_seed=2, progressbar=False)
print(purchases, spend, sep="\n\n")
print("\nThe parameters, with their intervals and what says that the sampler converged:\n")
columns = ["mean", "sd", "eti89_lb", "eti89_ub", "r_hat", "ess"]
print(purchases.summary(ci_prob=0.89)[columns].round(3).to_string())
print("\nDid the replaced prior matter? Posterior mean of the probability to leave after a purchase:\n")
for name, fit in (("usual prior", purchases), ("replaced prior", purchases_loyal)):
    print(f"  {name}: {fit.summary().loc['dropout_mean', 'mean']:.3f}")

print("\n4. Can the model reproduce the data? Customers by number of repeat purchases:\n")
replicated = purchases.thin(100).posterior_predictive(customers, random_seed=3)["posterior_predictive"]["frequency"]
counts = [(replicated == value).sum("customer_id") for value in range(7)] + [(replicated >= 7).sum("customer_id")]
bounds = np.array([np.quantile(count, [0.055, 0.945]) for count in counts])
table = pd.DataFrame(
    {
        "actual": [*((frequency == value).sum() for value in range(7)), (frequency >= 7).sum()],
        "model": [float(count.mean()) for count in counts],
        "eti89_lb": bounds[:, 0],
        "eti89_ub": bounds[:, 1],
    },
    index=pd.Index([*map(str, range(7)), "7+"], name="repeat purchases"),
)
print(table.round(0).astype(int).to_string())
table.to_csv(OUTPUT / "02_posterior_predictive.csv")

print("\n5. Expected fit to new customers (leave one out), higher elpd is better:\n")
loos = {
    name: az.loo(fit.thin(250).with_log_likelihood(customers))
    for name, fit in (("usual prior", purchases), ("replaced prior", purchases_loyal))
}
print(az.compare(loos).iloc[:, :4].to_string())
print("\n  The two differ by less than the standard error of the difference: this prior does not matter here.")

print("\n6. Save, and load without PyMC\n")
path = purchases.save(OUTPUT / "02_purchases.nc")
spend.save(OUTPUT / "02_spend.nc")
again = lb.load_fit(path)
same = np.array_equal(again.draws["r"], purchases.draws["r"])
print(f"  {path.name}: {path.stat().st_size / 1e6:.1f} MB; loaded draws equal to those saved: {same}")

picture = lb.plot_prior_posterior(purchases, before)
picture.savefig(OUTPUT / "02_prior_posterior.png", dpi=150)
print(f"\nwritten: {OUTPUT / '02_prior_posterior.png'}")
