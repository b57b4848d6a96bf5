"""Values on disk, written piece by piece: tables as Parquet, draws as Parquet or zarr."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ltv_bayes.data.engine.parquet import ParquetPieces
from ltv_bayes.errors import InputError
from ltv_bayes.language import _, either
from ltv_bayes.sizes import CUSTOMERS_IN_CHUNK, WRITTEN_ROWS
from ltv_bayes.value.draws.valuation import Block, Components, added
from ltv_bayes.value.valued import Valued, stored_attrs
from ltv_bayes.whole_files import written_whole

GROUP = "lifetime_value"
MARK = "ltv_bayes"


def write_tables(tables: Iterable[pd.DataFrame], path: Path, notes: Mapping[str, str]) -> Path:
    """Write tables indexed by customer, one below the other, to one Parquet file with notes in its metadata."""
    import pyarrow as pa

    metadata = {f"{MARK}.{key}": text for key, text in notes.items()}
    with written_whole(path) as unfinished, ParquetPieces(unfinished) as file:
        for rows in map(pd.concat, _groups(tables, len, WRITTEN_ROWS)):
            ids = rows.index.rename("customer_id")
            table = pa.Table.from_pandas(rows.set_axis(ids).reset_index(), preserve_index=False)
            file.write(table.replace_schema_metadata(metadata))
    return path


def write_draws(value: Valued, path: Path) -> Path:
    """Write every draw to a Parquet file or a zarr store, by the name; see `LifetimeValue.write_draws`."""
    to_parquet = path.suffix.lower() == ".parquet"
    write = _draws_to_parquet if to_parquet else _draws_to_zarr
    with written_whole(path, replaces_folder=not to_parquet) as unfinished:
        write(value, unfinished)
    return path


def place_for(value: Valued, path: str | Path, *suffixes: str) -> Path:
    """Read where something is to be written, and refuse the files that customers live in."""
    place = Path(path).expanduser()
    refuse_place(place, suffixes)
    if place.resolve() in value.customers.files:
        raise InputError(_("The customers live in {name}, so nothing else can be written there.", name=place.name))
    return place


def refuse_place(path: Path, suffixes: tuple[str, ...]) -> None:
    """Raise unless something of this name may be written here.

    Raises
    ------
    InputError
        If the name does not say a format, or something of another kind is there.
    """
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        raise InputError(
            _(
                "{path} does not end in {suffixes}, which names the format to write.",
                path=path,
                suffixes=either(suffixes),
            )
        )
    if path.is_dir() and not (suffix == ".zarr" and _is_ours(path)):
        raise InputError(_("{path} is a folder that was not written by write_draws. Choose another name.", path=path))
    if suffix == ".zarr" and path.is_file():
        raise InputError(_("{path} is a file, and a zarr store is a folder. Choose another name.", path=path))


def _draws_to_parquet(value: Valued, path: Path) -> None:
    """One row per customer and draw."""
    import pyarrow as pa

    chains, draws = value.valuation.shape
    chain = np.repeat(np.arange(chains, dtype=np.int16), draws)
    draw = np.tile(np.arange(draws, dtype=np.int32), chains)
    with ParquetPieces(path) as file:
        for block, components in value.results.draws_by_block(value.settings.place):
            ids = pa.array(block.ids)
            rows = pa.array(np.repeat(np.arange(len(ids), dtype=np.int32), chains * draws))
            columns: dict[str, Any] = {
                "customer_id": pa.DictionaryArray.from_arrays(rows, ids),
                "chain": np.tile(chain, len(ids)),
                "draw": np.tile(draw, len(ids)),
            }
            money = {**components, "total": added(components)}
            file.write(pa.table(columns | {name: values.ravel() for name, values in money.items()}))


def _draws_to_zarr(value: Valued, path: Path) -> None:
    """The layout of `LifetimeValue.to_datatree`: arrays (chain, draw, customer_id) in chunks of customers."""
    import zarr

    chains, draws = value.valuation.shape
    ids = value.customers.ids
    labels = xr.Dataset(
        coords={
            "chain": np.arange(chains),
            "draw": np.arange(draws),
            "customer_id": ids.to_numpy(dtype=None if ids.dtype.kind in "iu" else "U"),
        },
        attrs={**stored_attrs(value), "written_by": MARK},
    )
    labels.to_zarr(path, group=GROUP, mode="w", zarr_format=2, consolidated=False)
    group = zarr.open_group(path, path=GROUP, mode="r+", zarr_format=2)
    arrays = {
        name: group.create_array(
            name,
            shape=(chains, draws, len(ids)),
            chunks=(chains, draws, min(CUSTOMERS_IN_CHUNK, len(ids))),
            dtype="f8",
            fill_value=np.nan,
            attributes={"_ARRAY_DIMENSIONS": ["chain", "draw", "customer_id"], "units": value.units},
        )
        for name in (*value.sources, "total")
    }
    for first, components in _chunks(value.results.draws_by_block(value.settings.place)):
        for name, values in {**components, "total": added(components)}.items():
            arrays[name][:, :, first : first + len(values)] = np.moveaxis(values.reshape(-1, chains, draws), 0, -1)
    zarr.consolidate_metadata(path, zarr_format=2)


def _chunks(blocks: Iterator[tuple[Block, Components]]) -> Iterator[tuple[int, Components]]:
    """Put blocks together to whole chunks, so that each is written once; with the position of the first customer."""
    for group in _groups(blocks, lambda block: block[0].last - block[0].first, CUSTOMERS_IN_CHUNK):
        yield group[0][0].place, {name: np.concatenate([money[name] for _, money in group]) for name in group[0][1]}


def _groups[T](items: Iterable[T], rows_of: Callable[[T], int], enough: int) -> Iterator[list[T]]:
    """Put items together until they have enough rows."""
    waiting: list[T] = []
    rows = 0
    for item in items:
        waiting.append(item)
        rows += rows_of(item)
        if rows >= enough:
            yield waiting
            rows, waiting = 0, []
    if waiting:
        yield waiting


def _is_ours(path: Path) -> bool:
    """Whether a folder holds draws written here before."""
    notes = path / GROUP / ".zattrs"
    return notes.is_file() and f'"written_by": "{MARK}"' in notes.read_text(encoding="utf-8")
