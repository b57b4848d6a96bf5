"""Score customers where they live: summaries of each as the same kind of table, and totals added draw by draw."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers.check import refuse_repeated
from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.reading.ids import as_text, ids_of
from ltv_bayes.errors import InputError, UnitError, counted
from ltv_bayes.intervals import describe_interval, interval_settings
from ltv_bayes.language import _, comma, either
from ltv_bayes.random_streams import as_seed
from ltv_bayes.scoring.model import ValueModel, valuation_with, valued_with
from ltv_bayes.scoring.saved import load_model, model_of
from ltv_bayes.scoring.scores import Scores
from ltv_bayes.scoring.sources import NOWHERE, Source, source_of
from ltv_bayes.scoring.spark import frame_in_spark, score_on_spark
from ltv_bayes.scoring.sums import Sums
from ltv_bayes.scoring.work import PROBLEM, Asked, Scored, Work, judged_note
from ltv_bayes.sizes import CUSTOMERS_IN_BATCH
from ltv_bayes.terminal import progress
from ltv_bayes.terms import SAME
from ltv_bayes.time_units import as_date, as_duration, as_number, as_time_unit
from ltv_bayes.value.draws.results import Results
from ltv_bayes.value.draws.storage import refuse_place, write_tables
from ltv_bayes.value.lifetime_value import LifetimeValue
from ltv_bayes.value.notes import notes_on_total
from ltv_bayes.value.valued import Valued, stored_attrs

ERRORS = ("raise", "report")
MOST_NOTES = 20


def score(
    source: Any,
    model: ValueModel | LifetimeValue | str | Path | bytes,
    *,
    as_of: Any = None,
    time_unit: str | None = None,
    currency: str | None = None,
    customer_id: str = "customer_id",
    segments: Sequence[str | Sequence[str]] = (),
    thresholds: Sequence[float] = (),
    tiers: Mapping[str, float | None] | None = None,
    horizon: Any = None,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    random_seed: int | None = None,
    to: str | Path | None = None,
    errors: str = "raise",
    progressbar: bool = False,
) -> Scores:
    """Value customers where they are, with a saved model: what each is worth, and all of them together.

    Customers are valued a batch at a time, in bounded memory. A customer has the value that `lifetime_value` gives to
    the last digit, whatever the batches, the partitions and the order; totals agree to 1e-9, as sums of floats do.

    Parameters
    ----------
    source : Customers, frame, table, path or Spark DataFrame
        One row a customer, with the columns that ``model.inputs`` names: Customers; a pandas or polars frame, an Arrow
        table or reader, a DuckDB relation; a Parquet file, a folder or pattern of them; a DataFrame of Spark, or
        Customers that `summarize` made there.
    model : ValueModel, path, bytes or LifetimeValue
        What `load_model` opened, or what it opens; or a value.
    as_of : date, optional
        The day on which observation of these customers ended. Customers, and files that they wrote, say it; any other
        source has to be told, where the model has one.
    time_unit, currency : str, optional
        Unit of recency and T, and currency, where the source does not say it; those of the model if not given.
    customer_id : str
        The name of the column of ids.
    segments : sequence of str, or of lists of str
        Columns by which totals are added up, as in ``["industry", ["industry", "region"]]``.
    thresholds : sequence of float
        Amounts: ``probability_above_1000`` is the chance that the value is above 1000.
    tiers : mapping, optional
        Name of each tier to the amount above which a value belongs to it, the highest first; the last has None:
        ``{"A": 10_000, "B": 1_000, "C": None}`` gives ``probability_A`` and so on, and the likeliest as ``tier``.
    horizon : str or Duration, optional
        One of the model's horizons, if not the one that it reports.
    ci_prob, ci_kind
        Interval, as in `LifetimeValue.summary`.
    random_seed : int, optional
        That of the model if not given, so that a customer has the same draws in every run.
    to : path, optional
        Where to write the scores: a ``.parquet`` file; of Spark, a folder. It is there whole or not at all. Needed for
        files.
    errors : {"raise", "report"}
        What to do where customers cannot be scored: stop, or go on without them and name them in ``scores.problems``.
        An id that is there twice always stops: which of its rows is right is not known, and both would count.
    progressbar : bool
        Whether to show progress.

    Returns
    -------
    Scores
        ``scores.table`` has one row a customer, in the order of the source: the columns of `LifetimeValue.summary`, the
        mean of each source of money, and what was asked for. ``scores.total()`` and ``scores.by(column)`` are draws.

    Raises
    ------
    InputError
        If customers cannot be scored, naming them; an id is there twice; the source lacks a column, or has no as-of
        date.
    FitError
        If the model cannot be opened.

    Examples
    --------
    ``scores = lb.score(frame, "model", as_of="1997-09-30", segments=["channel"], to="scores.parquet")``
    """
    opened = _opened(model)
    if errors not in ERRORS:
        raise InputError(_("errors= is {known}, not {errors!r}.", known=either(map(repr, ERRORS)), errors=errors))
    frame = frame_in_spark(source)
    found = NOWHERE if frame is source else source_of(source, customer_id)
    stated = {"time_unit": time_unit, "as_of": as_of, "currency": currency}
    asked = Asked(
        **_stated(opened, found, {name: value for name, value in stated.items() if value is not None}),
        customer_id=customer_id,
        segments=tuple((one,) if isinstance(one, str) else tuple(one) for one in _listed(segments)),
        thresholds=tuple(as_number(one, "thresholds") for one in thresholds),
        tiers=_tiers(tiers or {}),
        place=_place(opened, horizon),
        interval=interval_settings(ci_prob, ci_kind),
        random_seed=opened.random_seed if random_seed is None else as_seed(random_seed),
        report=errors == "report",
    )
    if frame is not None:
        spread = score_on_spark(frame, opened, asked, to, progressbar=progressbar)
        return scores_of(opened, asked, spread.sums, spread.table, spread.problems, spread.notes)
    return _here(found, Work(opened, asked), to, progressbar=progressbar)


def _here(source: Source, work: Work, to: str | Path | None, *, progressbar: bool) -> Scores:
    """Score in this process, on all cores."""
    problems: list[tuple[str, str]] = []
    notes: dict[str, None] = {}
    tables = _tables(source, work, problems, notes, progressbar=progressbar)
    if to is None:
        table: Any = source.give(pd.concat(list(tables)))
    else:
        table = Path(to).expanduser()
        refuse_place(table, (".parquet",))
        if table.resolve() in source.files:
            raise InputError(_("The customers live in {name}, so nothing else can be written there.", name=table.name))
        notes_of_file = {**stored_attrs(work.valued), "interval": describe_interval(*work.asked.interval)}
        write_tables(tables, table, notes_of_file)
    said = [*notes, *judged_note(work.judged_elsewhere - {one for one, _unused in problems})]
    return scores_of(work.model, work.asked, work.sums, table, problems, said)


def _tables(
    source: Source, work: Work, problems: list[tuple[str, str]], notes: dict[str, None], *, progressbar: bool
) -> Iterator[pd.DataFrame]:
    """Score batch after batch; ids that are there twice are refused at the end."""
    hashes: list[np.ndarray] = []
    steps = -(-(source.number or 0) // CUSTOMERS_IN_BATCH)
    what = _("scoring {customers}", customers=counted(source.number or 0, "customer"))
    yield work.empty
    with progress(steps, what, show=progressbar) as step:
        for batch in source.batches():
            found = _one_batch(work, batch)
            hashes.append(pd.util.hash_array(as_text(found.table.index).to_numpy(dtype=object)))
            problems += found.problems
            notes |= dict.fromkeys(found.notes[: MOST_NOTES - len(notes)])
            yield found.table
            step()
    _refuse_twice(np.concatenate(hashes) if hashes else np.zeros(0), source, work)


def _one_batch(work: Work, batch: Any) -> Scored:
    if not isinstance(batch, Customers):
        return work.of_rows(batch)
    if work.asked.report:
        return work.of_rows(batch.table.rename_axis(work.asked.customer_id).reset_index())
    return work.of_customers(batch)


def _refuse_twice(hashes: np.ndarray, source: Source, work: Work) -> None:
    """Raise if ids stand in several batches: they would count twice in totals."""
    if len(np.unique(hashes)) == len(hashes):
        return
    name = work.asked.customer_id
    every = [
        as_text(one.ids if isinstance(one, Customers) else ids_of(read_table(one)[name])) for one in source.batches()
    ]
    ids = every[0].append(every[1:]) if every else pd.Index([])
    refuse_repeated(ids)
    cure = _("Keep one row for each customer.")
    raise InputError(_("Some customers have several rows. {cure}", cure=cure))  # a reader is read once


def scores_of(
    model: ValueModel, asked: Asked, sums: Sums, table: Any, problems: Sequence[tuple[str, str]], notes: Sequence[str]
) -> Scores:
    """The result, of what was added up."""
    named = pd.DataFrame(list(problems), columns=list(PROBLEM))
    valued = valued_from(model, asked, sums)
    known = [*notes, *(notes_on_total(valued, sums.customers) if sums.customers else [])]
    return Scores(table, sums.customers, named, asked.segments, tuple(known), valued)


def valued_from(model: ValueModel, asked: Asked, sums: Sums) -> Valued:
    """What analyses of totals start from: a value that went over all customers already, and has none at hand."""
    columns = list(dict.fromkeys(column for columns in asked.segments for column in columns))
    nobody = Customers(pd.DataFrame(columns=columns), asked.time_unit, asked.as_of, asked.currency)
    valuation = valuation_with(model, nobody, asked.random_seed)
    results = Results(valuation)
    results.take(sums.passed(valuation, {}))
    return valued_with(model, results, asked.place)


def _opened(model: Any) -> ValueModel:
    if isinstance(model, ValueModel):
        return model
    return model_of(model) if isinstance(model, LifetimeValue) else load_model(model)


def _stated(model: ValueModel, source: Source, given: Mapping[str, Any]) -> dict[str, Any]:
    """Time unit, as-of date and currency: what the source says, then the caller, then the model."""
    read: dict[str, Callable[[Any], Any]] = {"time_unit": as_time_unit, "as_of": as_date, "currency": str}
    found: dict[str, Any] = {}
    for name, reading in read.items():
        stated = [reading(values[name]) for values in (source.stated, given) if values.get(name)]
        if len(set(stated)) > 1:
            raise UnitError(
                _("The customers say {name} {own}, not {given}.", name=name, own=stated[0], given=stated[1])
            )
        found[name] = stated[0] if stated else getattr(model, name)
        if name == "as_of" and not stated and model.as_of is not None:
            raise UnitError(
                _(
                    "The day on which observation of these customers ended is not known. Pass as_of=; the model was "
                    "made with customers as of {as_of}.",
                    as_of=model.as_of,
                )
            )
        if name == "currency" and model.currency and found[name] != model.currency:
            raise UnitError(
                _(
                    "The model is in {own}, the customers in {other}. Convert them.",
                    own=model.currency,
                    other=found[name],
                )
            )
    return found


def _listed(segments: Any) -> list[Any]:
    return [segments] if isinstance(segments, str) else list(segments)


def _tiers(given: Mapping[str, float | None]) -> tuple[tuple[str, float], ...]:
    """Tiers with the amount above which each begins, the highest first, and the rest."""
    pairs = list(given.items())
    last = [limit is None for _unused, limit in pairs] == [False] * (len(pairs) - 1) + [True]
    limits = [as_number(limit, "tiers") for _unused, limit in pairs[:-1]] if last else []
    if pairs and (not limits or sorted(set(limits), reverse=True) != limits):
        raise InputError(
            _(
                "tiers= names the amount above which each begins, the highest first, and None for the rest: {example}.",
                example="{'A': 10_000, 'B': 1_000, 'C': None}",
            )
        )
    return tuple(zip(map(str, given), [*limits, -np.inf], strict=True)) if pairs else ()


def _place(model: ValueModel, horizon: Any) -> int:
    """Which of the model's horizons is reported."""
    wanted = model.horizon if horizon is None else as_duration(horizon)
    for place, one in enumerate(model.horizons):
        if abs(one.days - wanted.days) <= SAME * wanted.days:
            return place
    known = comma(map(str, model.horizons))
    raise InputError(_("The model has no horizon of {wanted}, but {known}.", wanted=wanted, known=known))
