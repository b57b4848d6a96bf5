"""Columns drawn by chance are read exactly, or refused; never read wrong."""

from decimal import Decimal

import pytest

from tests.exports.cases import Outcome, read, text
from tests.exports.columns_by_chance import drawn_amounts, drawn_days
from tests.exports.test_crossed import seeds

COLUMNS, FEW = seeds(30, 60), 20


def amounts_of(seed, folder) -> Outcome:
    rows = [f'k{n},2024-03-{n:02d},"{cell}"' for n, (_, cell) in enumerate(drawn_amounts(seed), start=1)]
    return read(text("\n".join(["customer_id,date,amount", *rows]))(folder), {})


def days_of(seed, folder) -> Outcome:
    rows = [f'k{n},"{cell}",{n}' for n, (_, cell) in enumerate(drawn_days(seed), start=1)]
    return read(text("\n".join(["customer_id,date,amount", *rows]))(folder), {})


@pytest.mark.parametrize("seed", COLUMNS)
def test_amounts(seed, tmp_path):
    drawn, found = drawn_amounts(seed), amounts_of(seed, tmp_path)
    if found.error is None:
        assert [amount for _, _, amount in found.orders] == [true.quantize(Decimal("0.01")) for true, _ in drawn], drawn


@pytest.mark.parametrize("seed", COLUMNS)
def test_days(seed, tmp_path):
    drawn, found = drawn_days(seed), days_of(seed, tmp_path)
    if found.error is None:
        assert [day for _, day, _ in found.orders] == [true for true, _ in drawn], drawn


@pytest.mark.parametrize("column_of", [amounts_of, days_of])
def test_most_columns_are_read(column_of, tmp_path):
    refused = [seed for seed in range(FEW) if column_of(seed, tmp_path).error is not None]
    assert len(refused) <= FEW // 4, refused
