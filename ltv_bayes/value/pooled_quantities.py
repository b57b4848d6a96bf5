"""What pooled fits of a value's streams know of segments: draws of mean rates, dropout, spend and churn."""

from collections.abc import Sequence

import xarray as xr

from ltv_bayes.formatting import label
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.streams.stream import Stream

LONG_NAMES = {
    "mean_rate": "mean rate of orders",
    "mean_spend": "mean value of an order",
    "dropout_mean": "chance of leaving after an order",
    "churn_mean": "chance of leaving at a renewal",
}


def pooled_quantities(streams: Sequence[Stream], column: str | None) -> dict[str, xr.DataArray]:
    """Draws (chain, draw, segment) of what differs between the segments of a column, by quantity.

    Where fits of several streams are pooled by it, the stream stands before the quantity.
    """
    pooled = [
        (stream.name, fit)
        for stream in streams
        for fit in stream.fits_by_purpose.values()
        if fit.pooling is not None and column in fit.pooling.by
    ]
    several = len({name for name, _ in pooled}) > 1
    found = {}
    for name, fit in pooled:
        for quantity, drawn in _differing(fit, str(column)).items():
            said = f"{drawn.attrs['long_name']} ({label(name)})" if several else drawn.attrs["long_name"]
            found[f"{label(name)} {quantity}" if several else quantity] = drawn.assign_attrs(long_name=said)
    return found


def _differing(fit: FittedModel, column: str) -> dict[str, xr.DataArray]:
    """Quantities of which segments have their own."""
    time_unit = fit.idata.attrs.get("time_unit")
    units = {"mean_rate": f"per {time_unit}" if time_unit else "", "mean_spend": fit.currency or ""}
    drawn = fit.segment_draws(column)
    found = {}
    for name, values in drawn.data_vars.items():
        if bool((values.max(column) > values.min(column)).any()):
            said = {"units": units.get(str(name), ""), "long_name": LONG_NAMES.get(str(name), label(name))}
            found[str(name)] = values.rename({column: "segment"}).assign_attrs(**said, caution=fit.caution)
    return found
