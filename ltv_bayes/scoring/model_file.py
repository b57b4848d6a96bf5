"""A model as files: settings as JSON, fits and tables beside, each with its checksum; whole or not at all."""

import datetime as dt
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ltv_bayes import __version__
from ltv_bayes.errors import FitError, InputError, LtvBayesError, listed
from ltv_bayes.language import N_, _
from ltv_bayes.scoring.packing import Packing, Unpacking
from ltv_bayes.whole_files import written_whole

MANIFEST = "model.json"
FORMAT = 1
PLAIN = re.compile(r"(fit|table|array)-[1-9][0-9]{0,8}\.(nc|parquet|npy)")
"""Names of files that a model may have beside its manifest."""
RESTORE = N_("Restore it from a copy, or save the model again with save_model(ltv, folder).")
EPOCH = (1980, 1, 1, 0, 0, 0)  # of files in bytes: the same model gives the same bytes


def write_folder(place: Path, files: Mapping[str, bytes], *, overwrite: bool = False) -> Path:
    """Write the files of a model to a folder, whole or not at all.

    Raises
    ------
    InputError
        If something else is at that place, or in the folder of the model, or a model and ``overwrite`` is not set.
    """
    if place.exists() and not (place.is_dir() and (not any(place.iterdir()) or (place / MANIFEST).is_file())):
        raise InputError(_("{place} is there and holds no model. Choose another name.", place=place))
    if (place / MANIFEST).is_file() and not overwrite:
        raise InputError(_("{place} holds a model. Pass overwrite=True, or choose another name.", place=place))
    if others := _others(place):
        raise InputError(
            _(
                "{place} holds {names} beside the model, which would be lost. Move them, or choose another name.",
                place=place,
                names=listed(others),
            )
        )
    with written_whole(place, replaces_folder=True) as unfinished:
        unfinished.mkdir()
        for name, content in files.items():
            (unfinished / name).write_bytes(content)
    return place


def _others(place: Path) -> list[str]:
    """What is in the folder of a model that it did not bring; of a damaged one, what has none of its files' names."""
    if not (place / MANIFEST).is_file():
        return []
    try:
        known = set(_manifest((place / MANIFEST).read_bytes(), place)["files"])
    except FitError:
        known = {one.name for one in place.iterdir() if PLAIN.fullmatch(one.name)}
    return sorted(one.name for one in place.iterdir() if one.name not in {MANIFEST, *known} or one.is_dir())


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files of a model as the bytes of a zip file."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name, EPOCH), content)
    return written.getvalue()


def read_folder(place: Path) -> dict[str, Any]:
    """The settings of a model in a folder.

    Raises
    ------
    FitError
        If there is no model, it is damaged or was changed, or a later version wrote it.
    """
    if not (place / MANIFEST).is_file():
        raise FitError(
            _(
                "There is no model in {place}: it has no {name}. Save one with save_model(ltv, folder).",
                place=place,
                name=MANIFEST,
            )
        )

    def read(name: str) -> bytes:
        file = place / name
        if file.is_symlink() or not file.is_file():
            raise not_whole(place, _("{name} is missing, or is no file", name=name))
        return file.read_bytes()

    return _opened(read, place)


def read_zip(content: bytes) -> dict[str, Any]:
    """The settings of a model in the bytes of a zip file; raises as `read_folder` does."""
    where = _("the bytes")
    try:
        packed = zipfile.ZipFile(io.BytesIO(content))
        names = packed.namelist()
    except (zipfile.BadZipFile, OSError, ValueError) as problem:
        raise not_whole(where, str(problem)) from None

    def read(name: str) -> bytes:
        if names.count(name) != 1:
            raise not_whole(where, _("{name} is missing, or there twice", name=name))
        try:
            return packed.read(name)
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError) as problem:
            raise not_whole(where, str(problem)) from None

    return _opened(read, where)


def contents(settings: Mapping[str, Any], words: Mapping[str, Any]) -> dict[str, bytes]:
    """All files of a model, the manifest first: its settings, and what it says of itself."""
    packing = Packing()
    packed = {name: packing.pack(value) for name, value in settings.items()}
    manifest = {
        "written_by": "ltv_bayes",
        "format": FORMAT,
        "version": __version__,
        "written_on": dt.date.today().isoformat(),
        **words,
        "model": packed,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in packing.files.items()},
    }
    manifest["checksum"] = _checksum(manifest)
    return {MANIFEST: json.dumps(manifest, ensure_ascii=False, indent=1).encode(), **packing.files}


def _checksum(manifest: Mapping[str, Any]) -> str:
    """Of everything else that the manifest says."""
    rest = {name: value for name, value in manifest.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(rest, ensure_ascii=True, sort_keys=True).encode()).hexdigest()


def _opened(read: Callable[[str], bytes], where: Any) -> dict[str, Any]:
    manifest = _manifest(read(MANIFEST), where)
    known = manifest["files"]

    def whole(name: str) -> bytes:
        if name not in known or not PLAIN.fullmatch(name):
            raise not_whole(where, _("{name!r} is no file of a model", name=name))
        content = read(name)
        if hashlib.sha256(content).hexdigest() != known[name]:
            raise not_whole(where, _("{name} was changed since it was written", name=name))
        return content

    for name in known:
        whole(name)
    unpacking = Unpacking(whole)
    try:
        return {name: unpacking.unpack(node) for name, node in manifest["model"].items()}
    except FitError:
        raise
    except Exception as problem:  # what another program wrote there raises anything
        reason = problem if isinstance(problem, LtvBayesError) else f"{type(problem).__name__}: {problem}"
        raise not_whole(where, str(reason)) from None


def _manifest(content: bytes, where: Any) -> dict[str, Any]:
    """Read what a model says of itself, and refuse what is none, damaged, or of a later version."""
    try:
        found = json.loads(content)
        ours = found["written_by"] == "ltv_bayes" and isinstance(found["model"], dict)
        number, version = int(found["format"]), str(found["version"])
        whole = ours and isinstance(found["files"], dict) and _checksum(found) == found["checksum"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, UnicodeDecodeError):
        ours = whole = False
        number, version = FORMAT, ""
    if ours and number > FORMAT:
        raise FitError(
            _(
                "{where} was written by ltv_bayes {version}, in a format that {own} does not read. Update ltv_bayes.",
                where=where,
                version=version,
                own=__version__,
            )
        )
    if not whole:
        raise not_whole(where, _("{name} is no manifest of ltv_bayes, or was changed", name=MANIFEST))
    return dict(found)


def not_whole(where: Any, reason: str) -> FitError:
    """Say that a model is damaged, or none, and what to do."""
    return FitError(
        _(
            "{where} is no saved model, or is damaged: {reason}. {restore}",
            where=where,
            reason=reason,
            restore=_(RESTORE),
        )
    )
