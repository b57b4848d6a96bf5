"""The example page: its cells as plain functions, with a stand-in for marimo, which is not installed."""

import importlib.util
import inspect
import sys
import types
from pathlib import Path

import numpy as np

import ltv_bayes as lb

APP = Path(__file__).parents[2] / "examples" / "app.py"


class StandIn(types.ModuleType):
    """Collects cells, and makes widgets that have a value."""

    def __init__(self, config):
        super().__init__("marimo")
        self.cells = []
        self.ui = types.SimpleNamespace(dropdown=self.widget, slider=self.widget, table=self.shown)
        self.cli_args = lambda: {"config": str(config)}

    def App(self, **settings):
        return types.SimpleNamespace(cell=self.cells.append, run=lambda: None)

    @staticmethod
    def widget(*choices, value, label, **more):
        options = choices[0] if isinstance(choices[0], list) else range(choices[0], choices[1] + 1)
        assert value in options
        return types.SimpleNamespace(value=value, label=label)

    @staticmethod
    def shown(*what, **how):
        return what

    md = plain_text = hstack = vstack = Html = shown


def run_cells(cells, **chosen):
    """Run each cell once what it needs is there, as marimo does."""
    names, left = {}, list(cells)
    while left:
        ready = next(cell for cell in left if set(inspect.signature(cell).parameters) <= set(names))
        left.remove(ready)
        made = ready(**{name: names[name] for name in inspect.signature(ready).parameters}) or ()
        source = inspect.getsource(ready)
        returned = [name.strip(" ()\n") for name in source.rpartition("return")[2].split(",")] if made else []
        fresh = dict(zip([name for name in returned if name], made, strict=True))
        for name, value in chosen.items():
            if name in fresh:
                fresh[name].value = value
        names |= fresh
    return names


def test_the_value_follows_what_is_chosen_on_the_page(tmp_path, monkeypatch, recwarn):
    business = lb.samples.simulate_project_business(30, random_seed=2)
    business.orders.to_csv(tmp_path / "orders.csv", index=False)
    business.clients.to_csv(tmp_path / "clients.csv", index=False)
    rng = np.random.default_rng(1)

    def around(means):
        return {name: mean * np.exp(0.1 * rng.standard_normal((2, 20))) for name, mean in means.items()}

    (tmp_path / "fits").mkdir()
    purchases = lb.FittedPurchases.from_draws(around({"r": 1.4, "alpha": 14, "a": 0.9, "b": 6}), time_unit="month")
    purchases.save(tmp_path / "fits" / "purchases.nc")
    lb.FittedSpend.from_draws(around({"p": 4.0, "q": 3.0, "v": 250_000})).save(tmp_path / "fits" / "spend.nc")
    settings = '[orders]\nfile = "orders.csv"\ncustomer = "client"\ndate = "closed_on"\namount = "value"\n'
    settings += '[customers]\ntime_unit = "month"\nattributes = "clients.csv"\n[sampling]\nfits = "fits"\n'
    (tmp_path / "run.toml").write_text(settings, encoding="utf-8")
    stand_in = StandIn(tmp_path / "run.toml")
    monkeypatch.setitem(sys.modules, "marimo", stand_in)
    spec = importlib.util.spec_from_file_location("app_example", APP)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    usual = run_cells(stand_in.cells)
    assert usual["by"].value == "industry"
    assert len(usual["here"]) == len(usual["run"].customers)
    half = run_cells(stand_in.cells, margin=50, segment="Retail")
    assert half["ltv"].settings.margin == "50%"
    assert 0 < len(half["here"]) < len(usual["here"])
    np.testing.assert_allclose(half["ltv"].draws, usual["ltv"].draws / 2)
