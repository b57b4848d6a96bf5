"""What pooled fits of a value's streams know of segments: draws of mean rates, dropout, spend and churn."""

from collections.abc import Sequence

import xarray as xr

from ltv_bayes.formatting import label
from ltv_bayes.predictions.fitted import FittedModel, pooling_of
from ltv_bayes.streams.stream import Stream


def pooled_quantities(streams: Sequence[Stream], column: str | None) -> dict[str, xr.DataArray]:
    """Draws (chain, draw, segment) of what differs between the segments of a column, by quantity.

    Where fits of several streams are pooled by it, the stream stands before the quantity.
    """
    pooled = [
        (purpose if quantities_twice(stream) else stream.name, fit)
        for stream in streams
        for purpose, fit in stream.fits_by_purpose.items()
        if (pooling := pooling_of(fit)) is not None and column in pooling.by
    ]
    several = len({name for name, _ in pooled}) > 1
    found = {}
    for name, fit in pooled:
        for quantity, drawn in _differing(fit, str(column)).items():
            said = f"{drawn.attrs['long_name']} ({label(name)})" if several else drawn.attrs["long_name"]
            found[f"{label(name)} {quantity}" if several else quantity] = drawn.assign_attrs(long_name=said)
    return found


def quantities_twice(stream: Stream) -> bool:
    """Whether two fits of a stream are of one model, such as renewals of monthly and of yearly contracts."""
    models = [fit.model for fit in stream.fits_by_purpose.values()]
    return len(set(models)) < len(models)


def _differing(fit: FittedModel, column: str) -> dict[str, xr.DataArray]:
    """Quantities of which segments have their own."""
    drawn = fit.segment_draws(column)
    return {
        str(name): values.rename({column: "segment"})
        for name, values in drawn.data_vars.items()
        if bool((values.max(column) > values.min(column)).any())
    }
