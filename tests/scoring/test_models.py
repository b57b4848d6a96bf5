"""A value as a file: whole, as it was, and of nothing but what we wrote."""

import json
import zipfile
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import FitError, InputError
from ltv_bayes.scoring import model_file
from ltv_bayes.scoring.packing import Packing, Unpacking
from tests.scoring.values import KINDS, frame, plain


@pytest.fixture(scope="module")
def ltv():
    return plain()


@pytest.fixture(scope="module")
def folder(ltv, tmp_path_factory):
    return lb.save_model(ltv, tmp_path_factory.mktemp("models") / "model")


def through(value):
    packing = Packing()
    node = json.loads(json.dumps(packing.pack(value)))
    return Unpacking(packing.files.__getitem__).unpack(node)


@pytest.mark.parametrize(
    "value",
    [
        *(
            None,
            True,
            3,
            0.1,
            -1e300,
            "王芳",
            [1, "a"],
            (1.5, None),
            {"a": {"b": [1]}},
            {1: 2.0},
            frozenset({"a"}),
        ),
        pd.Timestamp("2024-06-30 12:00").date(),
        pd.Timestamp("2024-06-30 12:00"),
        *(float("inf"), -float("inf")),
    ],
    ids=str,
)
def test_plain_values_come_back(value):
    found = through(value)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"x": [0.1, np.nan], "day": pd.to_datetime(["2024-01-01", None])}, index=["a", "b"]),
        pd.DataFrame(
            {"chance": [0.6, "60%", None], "who": ["Chen", None, "王"]}, index=pd.Index([7, "b", 2], name="id")
        ),
        pd.DataFrame({"n": pd.array([1, None], dtype="Int64"), "c": pd.Categorical(["x", "y"])}),
        pd.DataFrame({"d": [pd.Timestamp("2024-01-01").date(), None]}, index=pd.Index([1, 1], name="customer_id")),
        pd.DataFrame(columns=["x"], dtype=float),
    ],
    ids=["floats and days", "cells of several kinds", "nullable", "dates, an id twice", "empty"],
)
def test_tables_come_back(table):
    pd.testing.assert_frame_equal(through(table), table)


def test_what_is_shared_stays_shared():
    one = np.arange(3.0)
    first, second, other = through([one, one, one.copy()])
    assert first is second
    assert first is not other


def test_what_cannot_be_saved_is_refused():
    with pytest.raises(InputError, match="cannot hold a function"):
        Packing().pack(lambda: 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_values_as_the_value_it_was_saved_of(kind, tmp_path):
    """Every draw, from the folder and from bytes, of all kinds of streams and judgements."""
    ltv = KINDS[kind]()
    model = lb.load_model(lb.save_model(ltv, tmp_path / "model"))
    found = lb.load_model(model.to_bytes()).value(ltv.customers)
    pd.testing.assert_frame_equal(found.summary(), ltv.summary())
    np.testing.assert_array_equal(found.total(), ltv.total())
    assert found.settings == ltv.settings
    assert repr(lb.load_model(model.to_bytes())) == repr(model)


def test_explains_one_customer(ltv, folder):
    found = lb.load_model(folder).explain(ltv.customers, "C041", ci_prob=0.5)
    pd.testing.assert_frame_equal(found, ltv.explain("C041", ci_prob=0.5), check_like=True)


def test_says_what_it_needs_and_gives(folder):
    model = lb.load_model(folder)
    needed = model.inputs.index[model.inputs["needed"]]
    assert set(needed) == {"customer_id", "frequency", "recency", "T", "monetary_value", "total_value", "share"}
    scored = model.score(frame(), as_of="2024-06-30")
    assert list(model.outputs.index) == ["customer_id", *scored.table]
    assert "repeat_purchases counts: bg_nbd, 2 x 25 draws" in repr(model)
    manifest = json.loads((folder / "model.json").read_text())
    assert manifest["version"] == lb.__version__
    assert {one["column"] for one in manifest["outputs"]} == set(model.outputs.index)


def test_the_horizon_that_was_chosen_is_reported(ltv, tmp_path):
    model = lb.load_model(lb.save_model(ltv.at("1 year"), tmp_path / "short"))
    pd.testing.assert_frame_equal(model.value(ltv.customers).summary(), ltv.at("1 year").summary())


class TestNothingElseIsOpened:
    def test_no_model_there(self, tmp_path):
        with pytest.raises(FitError, match=r"There is no model in .*save_model"):
            lb.load_model(tmp_path)
        with pytest.raises(FitError, match="not from an int"):
            lb.load_model(3)
        with pytest.raises(FitError, match="no saved model"):
            lb.load_model(b"PK nothing")

    @pytest.mark.parametrize("name", ["fit-1.nc", "model.json"])
    def test_a_changed_file(self, folder, tmp_path, name):
        copy = tmp_path / "copy"
        copy.mkdir()
        for file in folder.iterdir():
            content = file.read_bytes()
            changed = (
                content.replace(b"0.1", b"0.2", 1) if name == "model.json" else content[:-200] + b"x" + content[-199:]
            )
            (copy / file.name).write_bytes(changed if file.name == name else content)
        with pytest.raises(FitError, match="changed"):
            lb.load_model(copy)

    def test_a_missing_file_and_a_link(self, folder, tmp_path):
        copy = tmp_path / "copy"
        copy.mkdir()
        (copy / "model.json").write_bytes((folder / "model.json").read_bytes())
        with pytest.raises(FitError, match=r"fit-1.nc is missing"):
            lb.load_model(copy)
        for name in ("fit-1.nc", "fit-2.nc"):
            (copy / name).symlink_to(folder / name)
        with pytest.raises(FitError, match=r"fit-1.nc is missing, or is no file"):
            lb.load_model(copy)

    def tampered(self, folder, change):
        """The bytes of a model whose manifest was changed by someone who knows how checksums are made."""
        manifest = json.loads((folder / "model.json").read_text())
        change(manifest)
        manifest["checksum"] = model_file._checksum(manifest)
        written = BytesIO()
        with zipfile.ZipFile(written, "w") as packed:
            packed.writestr("model.json", json.dumps(manifest))
            for file in folder.glob("fit-*.nc"):
                packed.writestr(file.name, file.read_bytes())
        return written.getvalue()

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda found: found.update(format=99, version="9.9"), "written by ltv_bayes 9.9.*Update"),
            (lambda found: found["model"].update(margin={"is": "Path", "of": {}, "number": 99}), "no saved model"),
            (lambda found: found["model"].update(extra=1), "no saved model"),
            (lambda found: found["model"].pop("streams"), "no saved model"),
            (lambda found: found["files"].update({"../fit-1.nc": "0" * 64}), "is no file of a model"),
            (lambda found: found["model"].update(margin={"is": "frame", "of": "/etc/passwd", "number": 9}), "no file"),
            (lambda found: found.update(written_by="another"), "no manifest"),
        ],
    )
    def test_a_manifest_of_others(self, folder, change, message):
        with pytest.raises(FitError, match=message):
            lb.load_model(self.tampered(folder, change))


class TestWritten:
    def test_whole_or_not_at_all(self, ltv, tmp_path, monkeypatch):
        place = tmp_path / "model"
        monkeypatch.setattr(model_file, "MANIFEST", "no/such/folder.json")
        with pytest.raises(OSError, match="folder"):
            lb.save_model(ltv, place)
        assert not list(tmp_path.iterdir())

    def test_only_models_are_replaced(self, ltv, tmp_path):
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(InputError, match="holds no model"):
            lb.save_model(ltv, tmp_path)
        place = lb.save_model(ltv, tmp_path / "model")
        with pytest.raises(InputError, match="overwrite=True"):
            lb.save_model(ltv, place)
        assert lb.load_model(lb.save_model(ltv.at("1 year"), place, overwrite=True)).horizon.unit == "year"

    @pytest.mark.parametrize("name", ["notes.txt", "table-9.parquet"])
    def test_files_of_others_in_its_folder_are_kept(self, ltv, tmp_path, name):
        place = lb.save_model(ltv, tmp_path / "model")
        (place / name).write_text("mine")
        with pytest.raises(InputError, match=f"holds {name} beside the model.*Move"):
            lb.save_model(ltv, place, overwrite=True)
        assert (place / name).read_text() == "mine"

    def test_a_damaged_model_is_replaced(self, ltv, tmp_path):
        place = lb.save_model(ltv, tmp_path / "model")
        (place / "model.json").write_text("{}")
        assert lb.load_model(lb.save_model(ltv, place, overwrite=True))

    def test_takes_a_value(self, tmp_path):
        with pytest.raises(InputError, match="not of a str"):
            lb.save_model("value", tmp_path / "model")
