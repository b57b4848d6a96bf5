"""Settings, data and fits as JSON beside files of arrays and tables, and back: nothing in them can run."""

import datetime as dt
import io
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ltv_bayes.data.customers.customers import Customers
from ltv_bayes.data.customers.rows import FrameRows
from ltv_bayes.data.reading.files import read_table
from ltv_bayes.data.subscriptions.dated_covariates import DatedCovariates
from ltv_bayes.data.subscriptions.renewals import Renewals
from ltv_bayes.errors import InputError, a_kind
from ltv_bayes.judgement.future_value import FutureValuePriors
from ltv_bayes.judgement.valuing.adjustments import Adjustments
from ltv_bayes.language import _
from ltv_bayes.predictions.fitted import FittedModel
from ltv_bayes.predictions.load import load_fit
from ltv_bayes.predictions.signs.signs_of_life import SignShare, SignsOfLife
from ltv_bayes.predictions.signs.strength import SignStrength
from ltv_bayes.predictions.visibility import Coverage, VisibleShare
from ltv_bayes.streams.one_off import OneOffSale
from ltv_bayes.streams.repeat_purchases import RepeatPurchases
from ltv_bayes.streams.subscription import Subscription
from ltv_bayes.streams.triggered_service import TriggeredService
from ltv_bayes.time_units import Duration

KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(RepeatPurchases, Subscription, OneOffSale, TriggeredService),
        *(FutureValuePriors, Adjustments, Coverage, VisibleShare, SignsOfLife, SignShare, SignStrength),
        *(Renewals, DatedCovariates, Duration),
    )
}
"""The classes that a saved model may name; nothing else is made of what a file says."""
IS, OF = "is", "of"
FRAME, SERIES, INDEX = "frame", "series", "index"
MARK = b"ltv_bayes"


class Packing:
    """Takes values apart; files are named by what they hold and a number."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._seen: dict[int, tuple[int, Any]] = {}

    def pack(self, value: Any) -> Any:
        """Write a value as JSON can hold it, with files beside."""
        if value is None or isinstance(value, bool | np.bool_):
            return None if value is None else bool(value)
        if isinstance(value, str):
            return str(value)
        if isinstance(value, int | np.integer):
            return int(value)
        if isinstance(value, float | np.floating):
            return float(value) if np.isfinite(value) else {IS: "float", OF: str(float(value))}
        if isinstance(value, pd.Timestamp | dt.datetime):
            return {IS: "moment", OF: value.isoformat()}
        if isinstance(value, dt.date):
            return {IS: "day", OF: value.isoformat()}
        if id(value) in self._seen:
            return {IS: "same", OF: self._seen[id(value)][0]}
        number = len(self._seen)
        self._seen[id(value)] = number, value  # kept, so that no other value gets its id
        return {**self._parts(value), "number": number}

    def _parts(self, value: Any) -> dict[str, Any]:
        if isinstance(value, FittedModel):
            return {IS: "fit", OF: self._file("fit", "nc", _saved(value))}
        if isinstance(value, Customers):
            stated = {"time_unit": value.time_unit, "as_of": self.pack(value.as_of), "currency": value.currency}
            return {IS: "Customers", OF: self._frame(value.table), **stated}
        if isinstance(value, OneOffSale):
            return self._fields(_with_plain_sales(value))
        if type(value) in KINDS.values():
            return self._fields(value)
        if isinstance(value, pd.DataFrame):
            return {IS: FRAME, OF: self._frame(value)}
        if isinstance(value, pd.Series):
            return {IS: SERIES, OF: self._frame(value.to_frame("values")), "name": self.pack(value.name)}
        if isinstance(value, pd.Index):
            return {IS: INDEX, OF: self._frame(value.to_frame(index=False, name="values"))}
        if isinstance(value, np.ndarray) and value.dtype != object:
            written = io.BytesIO()
            np.save(written, value, allow_pickle=False)
            return {IS: "array", OF: self._file("array", "npy", written.getvalue())}
        if isinstance(value, Mapping):
            return {IS: "mapping", OF: [[self.pack(key), self.pack(one)] for key, one in value.items()]}
        if isinstance(value, set | frozenset):
            return {
                IS: "set",
                OF: [self.pack(one) for one in sorted(value, key=lambda one: (str(type(one)), str(one)))],
            }
        if isinstance(value, list | tuple | np.ndarray):
            return {IS: "tuple" if isinstance(value, tuple) else "list", OF: [self.pack(one) for one in value]}
        if isinstance(value, Path) or hasattr(value, "__arrow_c_stream__"):
            return {IS: FRAME, OF: self._frame(read_table(value))}
        raise InputError(
            _("A model in a file cannot hold {kind}. Pass frames, numbers, texts and mappings.", kind=a_kind(value))
        )

    def _fields(self, value: Any) -> dict[str, Any]:
        own = {one.name: self.pack(getattr(value, one.name)) for one in fields(value) if one.init}
        return {IS: type(value).__name__, OF: own}

    def _file(self, kind: str, suffix: str, content: bytes) -> str:
        name = f"{kind}-{len(self.files) + 1}.{suffix}"
        self.files[name] = content
        return name

    def _frame(self, frame: pd.DataFrame) -> str:
        """A Parquet file; columns of cells of several kinds, which Parquet cannot hold, become JSON cell by cell."""
        try:
            table = pa.Table.from_pandas(frame)
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            table = self._cell_by_cell(frame)
        written = io.BytesIO()
        pq.write_table(table, written)
        return self._file("table", "parquet", written.getvalue())

    def _cell_by_cell(self, frame: pd.DataFrame) -> pa.Table:
        """Columns of objects as JSON, the others as they are, the index as the last."""
        apart = {str(place): frame.iloc[:, place].reset_index(drop=True) for place in range(frame.shape[1])}
        apart["index"] = frame.index.to_series().reset_index(drop=True)
        cells = [name for name, column in apart.items() if column.dtype == object]
        apart |= {name: pd.Series([json.dumps(self.pack(one)) for one in apart[name]], dtype="str") for name in cells}
        about = {"columns": self.pack(list(frame.columns)), "index": self.pack(frame.index.name), "cells": cells}
        table = pa.Table.from_pandas(pd.DataFrame(apart), preserve_index=False)
        return table.replace_schema_metadata({**table.schema.metadata, MARK: json.dumps(about).encode()})


class Unpacking:
    """Puts values together again.

    Parameters
    ----------
    read : callable
        From the name of a file to its bytes.
    """

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read, self._made = read, dict[int, Any]()

    def unpack(self, node: Any) -> Any:
        """Make the value that a node describes."""
        if not isinstance(node, dict):
            return node
        kind, of = node[IS], node[OF]
        if kind == "same":
            return self._made[of]
        if kind in ("float", "moment", "day"):
            return {"float": float, "moment": pd.Timestamp, "day": dt.date.fromisoformat}[kind](of)
        made = self._value(kind, of, node)
        self._made[node["number"]] = made
        return made

    def _value(self, kind: str, of: Any, node: Mapping[str, Any]) -> Any:
        match kind:
            case "fit":
                return _loaded(self._read(of))
            case "Customers":
                rows = FrameRows(self._frame(of))
                return Customers(rows, node["time_unit"], self.unpack(node["as_of"]), node["currency"])
            case "frame":
                return self._frame(of)
            case "series":
                return self._frame(of)["values"].rename(self.unpack(node["name"]))
            case "index":
                return pd.Index(self._frame(of)["values"])
            case "array":
                return np.load(io.BytesIO(self._read(of)), allow_pickle=False)
            case "mapping":
                return {self.unpack(key): self.unpack(one) for key, one in of}
            case "set" | "tuple" | "list":
                make: Any = {"set": frozenset, "tuple": tuple, "list": list}[kind]
                return make([self.unpack(one) for one in of])
        return KINDS[kind](**{name: self.unpack(one) for name, one in of.items()})

    def _frame(self, name: str) -> pd.DataFrame:
        table = pq.read_table(pa.BufferReader(self._read(name)))
        about, frame = (table.schema.metadata or {}).get(MARK), table.to_pandas()
        if about is None:
            return frame
        stated = json.loads(about)
        for name in stated["cells"]:
            cells = [self.unpack(json.loads(text)) for text in frame[name]]
            frame[name] = pd.Series(cells, index=frame.index, dtype=object)
        index = pd.Index(frame.pop("index"), name=self.unpack(stated["index"]))
        return frame.set_axis(self.unpack(stated["columns"]), axis="columns").set_axis(index, axis="index")


def _with_plain_sales(stream: OneOffSale) -> OneOffSale:
    """The same stream with its sales as a table of our own columns, whatever they were read from."""
    if isinstance(stream.sales, int | float | np.number):
        return stream
    table = stream.table.drop(columns="row").rename_axis("customer_id").reset_index()
    currency = getattr(stream.sales, "currency", stream.currency)
    same = {"while_alive": stream.while_alive, "margin": stream.margin, "discount_rate": stream.discount_rate}
    return OneOffSale(table, stream.name, currency=currency, **same)


def _saved(fit: FittedModel) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return fit.save(Path(folder) / "fit.nc").read_bytes()


def _loaded(content: bytes) -> FittedModel:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fit.nc"
        path.write_bytes(content)
        return load_fit(path)
