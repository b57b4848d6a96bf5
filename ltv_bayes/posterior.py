"""The fitted DataTree's layout: read its draws, thin it, save it, load it.

A fit is an xarray DataTree as ArviZ lays it out: a group `posterior` of variables with the dimensions
(chain, draw), beside `sample_stats` and the like. What the fit must remember of itself stands in the tree's
attributes, as text and numbers.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ltv_bayes.errors import FitError, a_kind, counted, listed
from ltv_bayes.language import N_, _, comma
from ltv_bayes.whole_files import written_whole

BY_PERIOD = ("period", "place_in_year", "price_period")
SAMPLE_DIMS = ("chain", "draw")
CHECKSUM = "checksum"
SEAL = re.compile(rb"\nltv_bayes sha256 ([0-9a-f]{64})\n")
SEAL_LENGTH = len(b"\nltv_bayes sha256 \n") + 64
RESTORE = N_("Restore it from a copy, or fit again.")


def tree_from_draws(
    draws: Mapping[str, Any],
    attrs: Mapping[str, Any] | None = None,
    *,
    dims: Mapping[str, Sequence[str | None]] | None = None,
    coords: Mapping[str, Any] | None = None,
) -> xr.DataTree:
    """Lay out posterior draws as a DataTree.

    Parameters
    ----------
    draws : mapping
        Name of each parameter to an array of shape (chains, draws), or (chains, draws, ...) for a parameter of more
        than one number.
    attrs : mapping, optional
        What the fit remembers of itself; texts and numbers.
    dims : mapping, optional
        Name of a parameter to the names of its dimensions after (chain, draw); ``NAME_dim_0`` and so on where not
        given, as ArviZ has it.
    coords : mapping, optional
        Name of a dimension to its labels; 0, 1, ... where not given.

    Examples
    --------
    >>> tree = tree_from_draws({"r": [[0.2, 0.3]], "alpha": [[4.0, 5.0]]})
    >>> dict(tree["posterior"].sizes)
    {'chain': 1, 'draw': 2}
    >>> tree = tree_from_draws(
    ...     {"r": [[[0.2, 0.3]]]}, dims={"r": ["industry"]}, coords={"industry": ["Energy", "Retail"]}
    ... )
    >>> tree["posterior"]["r"].sel(industry="Retail").item()
    0.3
    """
    if not isinstance(draws, Mapping):
        raise FitError(_("Draws are given as a mapping of names to arrays, not as {kind}.", kind=a_kind(draws)))
    arrays = {name: _numbers(name, values) for name, values in draws.items()}
    if not arrays:
        raise FitError(_("No draws were given. Pass each parameter's draws, of shape (chains, draws), by its name."))
    shapes = {values.shape[:2] for values in arrays.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        found = sorted({values.shape for values in arrays.values()})
        raise FitError(_("Posterior draws must all have one shape (chains, draws), not {found}.", found=listed(found)))
    if 0 in next(iter(shapes)):
        raise FitError(
            _(
                "There are no draws: {arrays} of shape {next}. Give at least one chain.",
                arrays=listed(arrays),
                next=next(iter(shapes)),
            )
        )
    laid_out, labels = {}, dict(zip(SAMPLE_DIMS, map(np.arange, next(iter(shapes))), strict=True))
    for name, values in arrays.items():
        sizes = values.shape[2:]
        given = (dims or {}).get(name) or [None] * len(sizes)
        named = [dim or f"{name}_dim_{place}" for place, dim in enumerate(given)]
        laid_out[name] = ((*SAMPLE_DIMS, *named), values)
        for dim, size in zip(named, sizes, strict=True):
            known = (coords or {}).get(dim)
            labels[dim] = np.arange(size) if known is None else np.asarray(known)
    tree = xr.DataTree.from_dict({"posterior": xr.Dataset(laid_out, coords=labels)})
    tree.attrs.update(attrs or {})
    return tree


def _numbers(name: str, values: Any) -> np.ndarray:
    """Read the draws of one parameter."""
    try:
        found = np.asarray(values)
        if found.dtype.kind in "biuf" or (found.dtype == object and not any(isinstance(x, str) for x in found.flat)):
            return found.astype(float)
    except (TypeError, ValueError):
        pass
    raise FitError(
        _("The draws of {name} must be numbers in an array of shape (chains, draws), without gaps.", name=name)
    )


def refuse_nan(values: np.ndarray, name: str, labels: Any = None) -> None:
    """Refuse draws of shape (chains, draws) or (chains, draws, labels) of which some are NaN: means would skip them.

    Raises
    ------
    FitError
        With the labels and the number of draws.
    """
    if not values.size or not np.isnan(np.min(values)):
        return
    wrong = np.isnan(values).reshape(*values.shape[:2], -1)
    draws = _("{draws} of {size:,}", draws=counted(int(wrong.any(axis=2).sum()), "draw"), size=wrong[..., 0].size)
    where = "" if labels is None else _(" for {asarray}", asarray=listed(np.asarray(labels)[wrong.any(axis=(0, 1))]))
    raise FitError(
        _(
            "{name} is NaN in {draws}{where}: parameters there are too large or too small to compute with. "
            "fit.summary() shows them; fit with priors= that leave such values out.",
            name=name,
            draws=draws,
            where=where,
        )
    )


def labelled_draws(
    values: np.ndarray, name: str, labels: Mapping[str, Any] | None = None, /, **attrs: Any
) -> xr.DataArray:
    """Put names on an array (chains, draws), or (chains, draws, ...) with the labels of each further dimension.

    Examples
    --------
    >>> labelled_draws(np.zeros((2, 5)), "lifetime_value").dims
    ('chain', 'draw')
    >>> labelled_draws(np.zeros((2, 5, 1)), "total", {"segment": ["Energy"]}).sel(segment="Energy").shape
    (2, 5)
    """
    further = {dim: np.asarray(some) for dim, some in (labels or {}).items()}
    refuse_nan(values, name, next(iter(further.values()), None))
    coords = dict(zip(SAMPLE_DIMS, map(np.arange, values.shape), strict=False)) | further
    return xr.DataArray(values, dims=tuple(coords), coords=coords, name=name, attrs=attrs)


def parameter_draws(tree: xr.DataTree, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Read the named parameters, each of shape (chains, draws)."""
    if "posterior" not in tree.children:
        raise FitError(_("There is no group 'posterior' in the tree, so it holds no draws."))
    posterior = tree["posterior"]
    missing = [name for name in names if name not in posterior]
    if missing:
        raise FitError(
            _(
                "The posterior lacks {missing}; it holds {data_vars}.",
                missing=comma(missing),
                data_vars=comma(map(str, posterior.data_vars)),
            )
        )
    variables = posterior.variables  # without labels, which take longer than the numbers
    return {name: variables[name].transpose(*SAMPLE_DIMS).to_numpy().astype(float) for name in names}


def thin(tree: xr.DataTree, chains: int, draws: int) -> xr.DataTree:
    """Keep the first ``chains`` and, evenly spaced, ``draws`` of each."""
    posterior = tree["posterior"].to_dataset()
    keep = evenly_spaced(posterior.sizes["draw"], draws)
    kept = posterior.isel(chain=slice(chains), draw=keep).assign_coords(draw=np.arange(draws))
    return _with_posterior(tree, kept)


def repeated(tree: xr.DataTree, times: int) -> xr.DataTree:
    """Repeat all draws a number of times.

    Examples
    --------
    >>> tree = tree_from_draws({"r": [[0.2, 0.3]]})
    >>> repeated(tree, 2)["posterior"]["r"].values.tolist()
    [[0.2, 0.3, 0.2, 0.3]]
    """
    drawn = tree["posterior"].to_dataset()
    draws = drawn.sizes["draw"]
    again = drawn.isel(draw=np.tile(np.arange(draws), times)).assign_coords(draw=np.arange(times * draws))
    return _with_posterior(tree, again)


def one_number_each(drawn: xr.Dataset) -> xr.Dataset:
    """Write variables of several numbers as one variable for each, named as ArviZ names them.

    Levels by period, which may be hundreds, are left out.

    Examples
    --------
    >>> tree = tree_from_draws(
    ...     {"r": [[[0.2, 0.3]]]}, dims={"r": ["industry"]}, coords={"industry": ["Energy", "Retail"]}
    ... )
    >>> list(one_number_each(tree["posterior"].to_dataset()))
    ['r[Energy]', 'r[Retail]']
    """
    found: dict[str, Any] = {}
    for name, values in drawn.drop_dims(BY_PERIOD, errors="ignore").data_vars.items():
        others = [dim for dim in values.dims if dim not in SAMPLE_DIMS]
        if not others:
            found[str(name)] = values
            continue
        for labels, part in values.stack(label=others).groupby("label", squeeze=False):
            text = ", ".join(map(str, labels if isinstance(labels, tuple) else (labels,)))
            found[f"{name}[{text}]"] = (SAMPLE_DIMS, part.transpose(*SAMPLE_DIMS, ...).to_numpy()[..., 0])
    return xr.Dataset(found, coords={dim: drawn[dim] for dim in SAMPLE_DIMS if dim in drawn.coords})


def reordered(tree: xr.DataTree, order: np.ndarray) -> xr.DataTree:
    """Put the draws of all chains, laid end to end, into another order.

    Examples
    --------
    >>> tree = tree_from_draws({"r": [[0.2, 0.3], [0.4, 0.5]]})
    >>> reordered(tree, np.array([3, 0, 1, 2]))["posterior"]["r"].values.tolist()
    [[0.5, 0.2], [0.3, 0.4]]
    """
    drawn = tree["posterior"].to_dataset()
    moved = {}
    for name in drawn.data_vars:
        values = drawn.variables[name].transpose(*SAMPLE_DIMS, ...)
        flat = values.to_numpy().reshape(-1, *values.shape[2:])[order]
        moved[name] = (values.dims, flat.reshape(values.shape))
    return _with_posterior(tree, xr.Dataset(moved, coords=drawn.coords))


def _with_posterior(tree: xr.DataTree, drawn: xr.Dataset) -> xr.DataTree:
    """Other draws, with what the fit remembers of itself."""
    found = xr.DataTree.from_dict({"posterior": drawn})
    found.attrs.update(tree.attrs)
    return found


def evenly_spaced(draws: int, kept: int) -> np.ndarray:
    """Positions of ``kept`` of a chain's draws, evenly spaced.

    Examples
    --------
    >>> evenly_spaced(9, 3).tolist()
    [0, 4, 8]
    """
    return np.linspace(0, draws - 1, kept).round().astype(int)


def save(tree: xr.DataTree, path: str | Path) -> Path:
    """Write the tree to a netCDF file with a checksum after its end, in a folder made if need be.

    The file is made in memory and written at once: an interrupt or a full disk leaves an earlier file as it was.

    Raises
    ------
    WriteError
        If the file cannot be written.
    """
    storable = _storable(tree)
    storable.attrs[CHECKSUM] = "sha256 after the end of the data"
    content = bytes(storable.to_netcdf(engine="h5netcdf"))
    with written_whole(path) as unfinished:
        unfinished.write_bytes(content + _seal(content))
    return Path(path)


def _seal(content: bytes) -> bytes:
    return f"\nltv_bayes sha256 {hashlib.sha256(content).hexdigest()}\n".encode()


def load(path: str | Path) -> xr.DataTree:
    """Read a tree that `save` wrote, whole, into memory.

    Raises
    ------
    FitError
        If there is no such file, it is not a saved fit, or it is damaged.
    """
    if not isinstance(path, str | Path):
        raise FitError(_("A saved fit is read from the path of a file, not from {kind}.", kind=a_kind(path)))
    path = Path(path)
    if not path.is_file():
        raise FitError(_("There is no file {path}. Save a fit with fit.save(path) first.", path=path))
    try:
        content = path.read_bytes()
        sealed = SEAL.fullmatch(content[-SEAL_LENGTH:])
        if sealed and _seal(content[:-SEAL_LENGTH]) != sealed[0]:
            raise FitError(
                _("{path} is damaged: its checksum does not match. {restore}", path=path, restore=_(RESTORE))
            )
        _refuse_links(path)
        with xr.open_datatree(path, engine="h5netcdf") as opened:
            tree = opened.load().copy()
    except FitError:
        raise
    except Exception as problem:  # damaged bytes raise anything
        raise _damaged(path, problem) from None
    if tree.attrs.pop(CHECKSUM, None) and not sealed:
        again = _("If another tool wrote it again, open it there and pass its tree to the class of the fit.")
        raise FitError(
            _(
                "{path} is damaged: its checksum is missing. {restore} {again}",
                path=path,
                restore=_(RESTORE),
                again=again,
            )
        )
    return tree


def load_as[T](path: str | Path, make: Callable[[xr.DataTree], T]) -> T:
    """Read a tree that `save` wrote, and make of it what it was.

    Raises
    ------
    FitError
        If the tree lacks something; the message names the file.
    """
    tree = load(path)
    try:
        return make(tree)
    except Exception as problem:  # a file of another origin, or one that was damaged before files had checksums
        raise _damaged(path, problem) from None


def _damaged(path: str | Path, problem: Exception) -> FitError:
    reason = " ".join(f"{type(problem).__name__}: {problem}".split())
    return FitError(
        _(
            "{path} is not a saved fit, or is damaged ({reason}). {restore}",
            path=path,
            reason=reason,
            restore=_(RESTORE),
        )
    )


def _refuse_links(path: Path) -> None:
    """Raise if a group of an HDF5 file contains itself, or one within another file."""
    import h5py  # type: ignore[import-untyped]

    def walk(group: Any, seen: frozenset[Any]) -> None:
        key = h5py.h5o.get_info(group.id).addr
        if key in seen or any(not isinstance(group.get(name, getlink=True), h5py.HardLink) for name in group):
            raise FitError(
                _(
                    "{path} is no saved fit: its groups are linked to each other. {restore}",
                    path=path,
                    restore=_(RESTORE),
                )
            )
        for name in group:
            if group.get(name, getclass=True) is h5py.Group:
                walk(group[name], seen | {key})

    with h5py.File(path, "r") as file:
        walk(file, frozenset())


def _storable(tree: xr.DataTree) -> xr.DataTree:
    """Leave out what netCDF cannot hold: empty groups, variables of Python objects, lists in attributes."""
    groups = {}
    for node in tree.subtree:
        dataset = node.to_dataset(inherit=False)
        objects = {name: values for name, values in dataset.variables.items() if values.dtype == object}
        texts = [name for name, cells in objects.items() if all(isinstance(one, str) for one in cells.to_numpy().flat)]
        dataset = dataset.assign({name: objects[name].astype(str) for name in texts if name in dataset.data_vars})
        dataset = dataset.assign_coords({name: dataset[name].astype(str) for name in texts if name in dataset.coords})
        dataset = dataset.drop_vars([name for name in objects if name not in texts])
        dataset.attrs = {key: _plain(value) for key, value in dataset.attrs.items()}
        for variable in dataset.variables.values():
            variable.attrs = {key: _plain(value) for key, value in variable.attrs.items()}
        if dataset.variables or node is tree:
            groups[node.path] = dataset
    return xr.DataTree.from_dict(groups)


def _plain(value: Any) -> str | int | float:
    if isinstance(value, np.generic):  # of a tree that was read from a file
        value = value.item()
    return (
        value
        if isinstance(value, str | int | float) and not isinstance(value, bool)
        else json.dumps(value, default=str)
    )
