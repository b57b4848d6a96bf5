"""A page on which people look together: choose a segment, horizon, discount and margin, and see the value move.

It needs marimo, which is not among what ltv_bayes installs: pip install marimo

    marimo run examples/app.py                             the sample's orders, clients and opportunities
    marimo run examples/app.py -- --config run.toml        your own, as ltv-bayes init describes them

Models are fitted once, when the page is opened, or read from the folder that the settings name (fits = "fits"). What is
chosen on the page is valued anew, in a second or two: each draw of the fits is kept to the end.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="What customers are worth")


@app.cell
def _():
    from html import escape
    from pathlib import Path

    import marimo as mo

    import ltv_bayes as lb

    return Path, escape, lb, mo


@app.cell
def _(Path, lb, mo):
    data = Path(__file__).parent / "data"
    sample = {
        "orders": data / "orders.csv",
        "customer": "client",
        "date": "closed_on",
        "amount": "value",
        "currency": "EUR",
        "time_unit": "month",
        "as_of": "2025-12-31",
        "attributes": data / "clients.csv",
        "judgements": data / "opportunities.csv",
    }
    config = mo.cli_args().get("config")
    run = lb.Run.read(config) if config else lb.Run.read(**sample)
    words = run.customers.table.select_dtypes(["object", "str", "category"])
    columns = [name for name in words if words[name].nunique() <= 30]
    return columns, run


@app.cell
def _(columns, mo, run):
    terms = run.settings.value
    by = mo.ui.dropdown(["all", *columns], value=columns[0] if columns else "all", label="Segments by")
    years = mo.ui.slider(1, 10, value=3, label="Horizon, years", show_value=True)
    discount = mo.ui.slider(0, 30, value=round(100 * terms.discount_rate), label="Discount, % a year", show_value=True)
    usual = terms.margin if isinstance(terms.margin, int | float) else 1.0
    margin = mo.ui.slider(1, 100, value=round(100 * usual), label="Margin, % of revenue", show_value=True)
    return by, discount, margin, years


@app.cell
def _(by, discount, lb, margin, run, years):
    ltv = lb.lifetime_value(
        run.customers,
        run.streams,
        future_value=run.judged,
        horizon=f"{years.value} years",
        discount_rate=discount.value / 100,
        margin=margin.value / 100,
        random_seed=run.settings.sampling.seed,
    )
    segments = None if by.value == "all" else ltv.by(by.value)
    return ltv, segments


@app.cell
def _(mo, segments):
    names = ["all"] if segments is None else ["all", *map(str, segments.summary().index)]
    segment = mo.ui.dropdown(names, value="all", label="Customers of")
    return (segment,)


@app.cell
def _(by, discount, escape, lb, ltv, margin, mo, segment, segments, years):
    here = ltv.ranked()
    if segment.value != "all":
        here = here[ltv.customers.table[by.value].reindex(here.index).astype(str) == segment.value]
    chosen = []
    if segment.value != "all":
        totals = segments.summary().filter(like="total")
        chosen = [
            mo.Html(lb.readable(totals[totals.index.astype(str) == segment.value], ltv.currency).to_html(border=0))
        ]
    compared = [] if segments is None else segments.compare().get("sentence", [])
    # names are text, whatever is in them
    lines, sentences = (
        [mo.Html(f"<p>{escape(one)}</p>") for one in some[:3]] for some in (str(ltv).splitlines()[:2], list(compared))
    )
    money = [name for name in here if name.startswith(("realised", "to_come", "median"))]
    shown = [
        mo.md("# What customers are worth"),
        mo.hstack([years, discount, margin, by, segment], wrap=True),
        *lines,
        lb.plot_lifetime_value(ltv) if segments is None else lb.plot_segments(segments),
        *sentences,
        *chosen,
        mo.ui.table(
            here.reset_index(), page_size=12, selection=None, format_mapping=dict.fromkeys(money, "{:,.0f}".format)
        ),
    ]
    mo.vstack(shown)
    return (here,)


if __name__ == "__main__":
    app.run()
