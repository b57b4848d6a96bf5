"""Values on disk, written stretch by stretch: summaries as Parquet, draws as Parquet or zarr."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ltv_bayes.errors import InputError
from ltv_bayes.intervals import describe_interval
from ltv_bayes.value.one_pass import Columns, Interval
from ltv_bayes.value.valuation import STRETCH, Components, Stretch, added
from ltv_bayes.whole_files import written_whole

if TYPE_CHECKING:
    from ltv_bayes.value.lifetime_value import LifetimeValue

GROUP = "lifetime_value"
ROWS_TOGETHER = 64 * STRETCH
CHUNK = 4 * STRETCH
MARK = "ltv_bayes"


def write_summary(value: "LifetimeValue", path: Path, interval: Interval) -> Path:
    """Write one row per customer; see `LifetimeValue.write_summary`."""
    import pyarrow as pa

    _refuse_place(path, (".parquet",))
    notes = {
        "settings": str(value.settings),
        "currency": value.currency or "",
        "interval": describe_interval(*interval),
        "caution": value.caution,
    }
    writer = None
    with written_whole(path) as unfinished:
        try:
            for ids, columns in _together(value.summaries_by_stretch(interval)):
                shown = {"customer_id": pa.array(ids)} | value.shown(columns)
                if value.caution:
                    shown["caution"] = pa.array([value.caution] * len(ids))
                table = pa.table(shown).replace_schema_metadata({f"{MARK}.{key}": text for key, text in notes.items()})
                writer = writer or _parquet_writer(unfinished, table.schema)
                writer.write_table(table)
        finally:
            if writer is not None:
                writer.close()
    return path


def write_draws(value: "LifetimeValue", path: Path) -> Path:
    """Write every draw; see `LifetimeValue.write_draws`."""
    _refuse_place(path, (".parquet", ".zarr"))
    write = _draws_to_parquet if path.suffix == ".parquet" else _draws_to_zarr
    with written_whole(path) as unfinished:
        write(value, unfinished)
    return path


def _draws_to_parquet(value: "LifetimeValue", path: Path) -> None:
    """One row per customer and draw."""
    import pyarrow as pa

    chains, draws = value.valuation.shape
    chain = np.repeat(np.arange(chains, dtype=np.int16), draws)
    draw = np.tile(np.arange(draws, dtype=np.int32), chains)
    writer = None
    try:
        for stretch, components in value.draws_by_stretch():
            ids = pa.array(stretch.ids)
            rows = pa.array(np.repeat(np.arange(len(ids), dtype=np.int32), chains * draws))
            columns: dict[str, Any] = {
                "customer_id": pa.DictionaryArray.from_arrays(rows, ids),
                "chain": np.tile(chain, len(ids)),
                "draw": np.tile(draw, len(ids)),
            }
            money = {**components, "total": added(components)}
            table = pa.table(columns | {name: values.ravel() for name, values in money.items()})
            writer = writer or _parquet_writer(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _draws_to_zarr(value: "LifetimeValue", path: Path) -> None:
    """The layout of `LifetimeValue.to_datatree`: arrays (chain, draw, customer_id) in chunks of customers."""
    import zarr

    chains, draws = value.valuation.shape
    shape = chains, draws, len(value.customers)
    ids = value.customers.ids
    labels = xr.Dataset(
        coords={
            "chain": np.arange(chains),
            "draw": np.arange(draws),
            "customer_id": ids.to_numpy(dtype=None if ids.dtype.kind in "iu" else "U"),
        },
        attrs={**value.attrs, "written_by": MARK},
    )
    labels.to_zarr(path, group=GROUP, mode="w", zarr_format=2, consolidated=False)
    group = zarr.open_group(path, path=GROUP, mode="r+", zarr_format=2)
    arrays = {
        name: group.create_array(
            name,
            shape=shape,
            chunks=(chains, draws, min(CHUNK, shape[2])),
            dtype="f8",
            fill_value=np.nan,
            attributes={"_ARRAY_DIMENSIONS": ["chain", "draw", "customer_id"], "units": value.attrs["units"]},
        )
        for name in (*value.sources, "total")
    }
    for first, components in _chunks(value.draws_by_stretch()):
        for name, values in {**components, "total": added(components)}.items():
            arrays[name][:, :, first : first + len(values)] = np.moveaxis(values.reshape(-1, chains, draws), 0, -1)
    zarr.consolidate_metadata(path, zarr_format=2)


def _chunks(stretches: Iterator[tuple[Stretch, Components]]) -> Iterator[tuple[int, Components]]:
    """Put stretches together to whole chunks, so that each is written once."""
    waiting: list[Components] = []
    first = rows = 0
    for _, components in stretches:
        waiting.append(components)
        rows += len(next(iter(components.values())))
        if rows >= CHUNK:
            yield first, {name: np.concatenate([some[name] for some in waiting]) for name in components}
            first, rows, waiting = first + rows, 0, []
    if waiting:
        yield first, {name: np.concatenate([some[name] for some in waiting]) for name in waiting[0]}


def _together(stretches: Iterator[tuple[Stretch, Columns]]) -> Iterator[tuple[Any, Columns]]:
    """Put summaries of stretches together to some thousand rows."""
    waiting: list[tuple[Stretch, Columns]] = []
    for found in stretches:
        waiting.append(found)
        if len(waiting) * STRETCH >= ROWS_TOGETHER:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(found: list[tuple[Stretch, Columns]]) -> tuple[Any, Columns]:
    ids = found[0][0].ids.append([stretch.ids for stretch, _ in found[1:]])
    return ids, {name: np.concatenate([columns[name] for _, columns in found]) for name in found[0][1]}


def _parquet_writer(path: Path, schema: Any) -> Any:
    import pyarrow.parquet as parquet

    return parquet.ParquetWriter(path, schema, compression="zstd")


def _refuse_place(path: Path, suffixes: tuple[str, ...]) -> None:
    """Raise unless something of this name may be written here."""
    if path.suffix not in suffixes:
        raise InputError(f"{path} does not end in {' or '.join(suffixes)}, which says the format to write.")
    if path.is_dir() and not _is_ours(path):
        raise InputError(f"{path} is a folder that was not written by write_draws. Choose another name.")


def _is_ours(path: Path) -> bool:
    """Whether a folder holds draws written here before."""
    if path.suffix != ".zarr" or not os.path.exists(path / GROUP / ".zattrs"):
        return False
    return f'"written_by": "{MARK}"' in (path / GROUP / ".zattrs").read_text(encoding="utf-8")
