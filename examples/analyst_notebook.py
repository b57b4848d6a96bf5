# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What are our clients worth?
#
# **Question.** We sell projects. As of 31 December 2025 we have 300 clients, six years of closed deals, and open
# opportunities that account managers have judged. What will each client, each industry and the whole book bring over
# the next three years; how sure are we; and how much of that is judgement rather than data?
#
# **Terms.** Money is contribution: 35% of revenue, discounted at 10% a year to 31 December 2025. Work with clients
# whom we do not have yet is not counted.
#
# *The business is simulated, so the last section can do what no real report can: compare with what came.*
#
# This notebook is a text file. `jupytext --to ipynb examples/analyst_notebook.py` makes a notebook of it.

# %%
import pandas as pd

import ltv_bayes as lb

TERMS = {"horizon": "3 years", "discount_rate": 0.10, "margin": 0.35, "random_seed": 4}
pd.options.display.float_format = lambda number: f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"

# %% [markdown]
# ## The data
#
# The CRM's export of closed deals, and its table of clients. All deals of one client on one day count as one.

# %%
business = lb.samples.simulate_project_business(random_seed=1)
deals = lb.read_transactions(business.orders, customer="client", date="closed_on", amount="value", currency="EUR")
deals

# %%
clients = lb.summarize(deals, time_unit="month", as_of=business.as_of, attributes=business.clients)
clients

# %% [markdown]
# Nothing was left out (a line would say so). What do clients look like, by industry?

# %%
table = clients.table
table.groupby("industry").agg(
    clients=("frequency", "size"),
    came_back=("frequency", lambda deals: f"{(deals > 0).mean():.0%}"),
    repeat_deals=("frequency", "sum"),
    median_deal=("monetary_value", "median"),
    revenue_so_far=("total_value", "sum"),
)

# %% [markdown]
# ## The models
#
# BG/NBD says how often clients come back and when they leave, gamma-gamma what a deal brings. Both take all clients as
# one population, with a rate and with prices that may move for all of them from period to period. The priors follow the
# scale of the data; we have no reason to replace one.

# %%
purchases = lb.BGNBD().fit(clients, random_seed=1, progressbar=False)
spend = lb.GammaGamma().fit(clients, random_seed=2, progressbar=False)
print(purchases, spend, sep="\n\n")

# %% [markdown]
# Both converged. The correlation of frequency and spend is near zero, as the spend model assumes.

# %%
pd.concat({"purchases": purchases.summary(), "spend": spend.summary()}).drop(columns="median")

# %% [markdown]
# ## Does it hold?
#
# We go back to the end of 2023, fit to what was known then, forecast the two years after, and compare.

# %%
test = lb.backtest(deals, as_of="2023-12-31", horizon="2 years", time_unit="month", random_seed=1, progressbar=False)
test

# %%
_ = lb.plot_tracking(test)

# %%
_ = lb.plot_calibration(test)

# %% [markdown]
# The totals lie inside their intervals. Single clients' 90% intervals held for more than 90% of them: they are a little
# too wide. One reason shows when we look at deals one by one, which the spend model does not; it sees only each
# client's mean:

# %%
by_client = business.orders.groupby("client")["value"]
spread = (by_client.std() / by_client.mean())[by_client.size() >= 4]
print(f"spread of one client's deals, relative to their mean: {spread.median():.2f} (median of {len(spread)} clients)")
print(f"the spend model's estimate: {float(spend.idata['posterior']['order_cv'].mean()):.2f}")

# %% [markdown]
# Deals of one client are more alike than the model believes, because it takes industries with small and with large
# deals as one population. For single clients we therefore read the intervals as cautious.
#
# ## What are clients worth?

# %%
judged = lb.FutureValuePriors.from_judgements(business.opportunities)
judged

# %%
ltv = lb.lifetime_value(clients, [lb.RepeatPurchases(purchases, spend)], future_value=judged, **TERMS)
ltv

# %%
_ = lb.plot_lifetime_value(ltv)

# %% [markdown]
# The book is known much better than any client in it: luck averages out over clients. What remains is mostly what we do
# not know about the population, and what will move all clients at once. Few clients can be promised to bring much:

# %%
above = ltv.probability_above(500_000).sort_values(ascending=False)
print(f"clients who bring more than 500k with probability 0.75 or more: {', '.join(above[above >= 0.75].index)}")
print(f"expected number of clients above 500k: {above.sum():.0f}")

# %% [markdown]
# Half of the expected value comes from few clients:

# %%
means = ltv.summary()["mean"].sort_values(ascending=False)
half = int((means.cumsum() < means.sum() / 2).sum()) + 1
print(f"{half} of {len(means)} clients make up half of the expected value")

# %% [markdown]
# ## How much of it is judgement?

# %%
share = ltv.judgement.share()
print(f"judgement is {share['mean']:.0%} of the expected value and {share['variance']:.0%} of its variance")
lb.readable(ltv.explain(), ltv.currency)

# %% [markdown]
# For single clients it can be most of it. The client with the largest judged value:

# %%
judged_means = ltv.components["judged"].mean(("chain", "draw")).to_series()
client = judged_means.idxmax()
explanation = ltv.explain(client)
lb.readable(explanation, ltv.currency)

# %%
_ = lb.plot_waterfall(explanation)

# %% [markdown]
# What the account manager said, word for word:

# %%
said = judged.summary()
said[said["customer_id"] == client].T

# %% [markdown]
# ## Which industry's clients are worth more, and how surely?

# %%
by = ltv.by("industry")
by

# %%
_ = lb.plot_segments(by)

# %%
for sentence in by.compare()["sentence"]:
    print(sentence)

# %%
by.rank().style.format("{:.2f}")

# %% [markdown]
# Clients in retail are worth less than those of any other industry, with probability above 0.97. Among the other four
# these data do not tell who comes first: no pair is surer than about three to one.
#
# ## What we don't know
#
# - **Who has left.** No client says goodbye. A client with one deal counts as active, because in BG/NBD nobody leaves
#   before a second one; their value is more likely too high than too low.
# - **What industries share.** One population was fitted. An industry with few repeat deals is drawn towards the rest;
#   true differences between industries are more likely larger than smaller.
# - **Whether managers judge well.** We took 60% to mean 60%. Their past judgements would tell.
# - **What changes for all at once.** A recession, a new competitor, a price rise: the models expect them to move all
#   clients about as much as something did in the past six years, and not more.
# - **Whether spend and frequency are independent.** Their correlation in the data is near zero, so we let it be.
#
# ## What came
#
# This business is simulated, so we can look.

# %%
when = business.future_orders["closed_on"]
years = (when - pd.Timestamp(business.as_of)).dt.days / 365.25
worth = TERMS["margin"] * business.future_orders["value"] / (1 + TERMS["discount_rate"]) ** years
came = worth.groupby(business.future_orders["client"]).sum().reindex(clients.ids, fill_value=0.0)

repeat = ltv.components["repeat_purchases"]
low, high = repeat.sum("customer_id").quantile([0.05, 0.95]).values / 1e6
print(f"repeat deals, whole book: came {came.sum() / 1e6:.1f}M, 90% interval {low:.1f}M to {high:.1f}M")
low, high = repeat.quantile([0.05, 0.95], ("chain", "draw")).values
print(f"clients inside their own 90% interval: {((came >= low) & (came <= high)).mean():.0%}")

# %%
by_industry = repeat.groupby(table["industry"].to_xarray()).sum()
bounds = by_industry.quantile([0.05, 0.95], ("chain", "draw")).to_pandas().T.set_axis(["low", "high"], axis=1)
bounds.assign(came=came.groupby(table["industry"]).sum()).div(1e6).round(1)

# %% [markdown]
# As feared: what industries share shows. Retail brought less than its interval's middle, energy more.
