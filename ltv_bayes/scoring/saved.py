"""Values saved as models, and models opened again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ltv_bayes.errors import FitError, InputError, a_kind
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.language import _
from ltv_bayes.scoring.model import ValueModel, files_of
from ltv_bayes.scoring.model_file import not_whole, read_folder, read_zip, write_folder
from ltv_bayes.streams.repeat_purchases import RepeatPurchases
from ltv_bayes.value.draws.valuation import Valuation
from ltv_bayes.value.lifetime_value import LifetimeValue, valued_of


def save_model(ltv: LifetimeValue, folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write what a value was made with to a folder that `load_model` opens: to score other customers, or later.

    Fits are netCDF, tables of judgements, contracts and sales Parquet, and all settings JSON; nothing is pickled. The
    manifest ``model.json`` has the checksum of each file, the version that wrote it, and the columns that go in and
    come out. The customers who were valued are not in it; those of streams with histories of their own are.

    Parameters
    ----------
    ltv : LifetimeValue
        As `lifetime_value` made it. ``ltv.at(horizon)`` makes that horizon the one that is reported.
    folder : path
        Made if need be; it is there whole or not at all.
    overwrite : bool
        Whether an earlier model may be replaced. Nothing else is: other files in its folder are refused.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        If something else than a value is given, something else is at that place, or a model and ``overwrite`` is not
        set.

    Examples
    --------
    ``save_model(lifetime_value(customers, streams, horizon="3 years"), "model")``
    """
    return write_folder(Path(folder).expanduser(), files_of(model_of(ltv)), overwrite=overwrite)


def load_model(source: str | Path | bytes) -> ValueModel:
    """Open a model that `save_model` wrote: it scores, explains, and says what it needs. PyMC is not needed.

    Parameters
    ----------
    source : path or bytes
        The folder, or the same as bytes, as `ValueModel.to_bytes` gives them.

    Returns
    -------
    ValueModel
        What the value was made with.

    Raises
    ------
    FitError
        If there is no model, it is damaged or was changed, or a later version wrote it.
    """
    if isinstance(source, bytes):
        settings, where = read_zip(source), _("the bytes")
    else:
        settings, where = read_folder(_path(source)), str(source)
    try:
        return ValueModel(**settings)
    except TypeError as problem:
        raise not_whole(where, str(problem)) from None


def _path(source: Any) -> Path:
    if isinstance(source, str | Path):
        return Path(source).expanduser()
    kind = a_kind(source)
    raise FitError(_("A model is opened by the path of its folder, or from bytes, not from {kind}.", kind=kind))


def model_of(ltv: LifetimeValue) -> ValueModel:
    """What a value was made with, without its customers.

    Raises
    ------
    InputError
        If something else than a value was given.
    """
    if not isinstance(ltv, LifetimeValue):
        raise InputError(
            _("A model is saved of a value, not of {kind}. Pass what lifetime_value(...) returned.", kind=a_kind(ltv))
        )
    value = valued_of(ltv)
    made, customers = value.valuation, value.customers
    return ValueModel(
        streams=made.streams,
        future_value=_with_share(made),
        horizons=made.terms.horizons,
        horizon=value.settings.terms.horizon,
        discount_rate=made.terms.discount_rate,
        margin=made.margins.usual.given,
        realised=made.realised,
        random_seed=made.seed,
        time_unit=customers.time_unit,
        as_of=customers.as_of,
        currency=customers.currency,
        has_history=customers.has_history,
    )


def _with_share(made: Valuation) -> FutureValuePriors | None:
    """The judgements, with the share of living customers with a sign of life, where all streams have the same.

    It may have been learned from those valued: a few of them are to have the value that they have among all.
    """
    judged = made.future_value
    shares = {one.signs.share if one.signs else None for one in made.conditioned if isinstance(one, RepeatPurchases)}
    if judged is None or judged.sign_share is not None or len(shares) != 1 or not (share := shares.pop()):
        return judged
    return replace(judged, sign_share=share)
