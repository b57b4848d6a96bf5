"""CDNOW: real orders of an online shop, from an installed package."""

import importlib.metadata
from pathlib import Path

import pandas as pd

from ltv_bayes.data.exports.read_orders import read_transactions
from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.errors import FitError
from ltv_bayes.language import _


def cdnow_orders(*, full: bool = False) -> Transactions:
    """Orders of the online music shop CDNOW, January 1997 to June 1998, in US dollars.

    All customers bought for the first time in the first quarter of 1997. The literature fits the first 39 weeks
    (until 1997-09-30) and forecasts the 39 weeks after.

    Parameters
    ----------
    full : bool
        All 23,570 customers (69,659 orders), or the usual 1/10 sample of 2,357.

    Returns
    -------
    Transactions
        Customer ids are whole numbers, those of the sample in the sample.

    Raises
    ------
    FitError
        If the package `lifetimes`, which carries the files, is not installed.
    """
    names = ["master_id", "sample_id", "date", "cds", "dollars"]
    name, columns = ("CDNOW_master.txt", ["master_id", *names[2:]]) if full else ("CDNOW_sample.txt", names)
    raw = pd.read_csv(lifetimes_file(name), sep=r"\s+", names=columns, skiprows=1 if full else 0, dtype={"date": str})
    raw["date"] = pd.to_datetime(raw["date"], format="%Y%m%d")
    customer = "master_id" if full else "sample_id"
    return read_transactions(raw, customer=customer, date="date", amount="dollars", currency="USD")


def lifetimes_file(name: str) -> Path:
    """Find a data file of the installed package without importing it.

    Parameters
    ----------
    name : str
        Such as ``"CDNOW_sample.txt"``.

    Raises
    ------
    FitError
        If the package is not installed, or has no such file.
    """
    cure = _("The CDNOW files come with the package lifetimes: pip install lifetimes.")
    try:
        files = importlib.metadata.files("lifetimes") or []
    except importlib.metadata.PackageNotFoundError:
        raise FitError(cure) from None
    found = [file for file in files if file.name == name]
    if not found:
        raise FitError(_("The installed lifetimes has no file {name}. {cure}", name=name, cure=cure))
    return Path(str(found[0].locate()))
