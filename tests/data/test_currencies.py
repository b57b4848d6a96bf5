"""The sign ¥ of yen and of yuan, by what the file and the call say."""

import pandas as pd
import pytest

import ltv_bayes as lb
from ltv_bayes.errors import InputError


def read(amounts, header="Amount", currencies=None, **options):
    log = {
        "customer_id": ["k1", "k2", "k3"][: len(amounts)],
        "date": ["2024-03-01", "2024-03-02", "2024-03-03"][: len(amounts)],
    }
    column = {} if currencies is None else {"currency": currencies}
    return lb.read_transactions(pd.DataFrame(log | {header: amounts} | column), amount=header, **options)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"amounts": ["¥100", "￥20"]}, "CNY"),
        ({"amounts": ["¥100", "20"], "currency": "JPY"}, "JPY"),
        ({"amounts": ["¥100", "20"], "header": "Sales (JPY)"}, "JPY"),
        ({"amounts": ["100", "20"], "header": "Sales (¥)"}, "CNY"),
        ({"amounts": ["100", "20"], "header": "Sales (¥)", "currency": "JPY"}, "JPY"),
        ({"amounts": ["¥100", "¥20"], "currencies": ["JPY", "日元"]}, "JPY"),
        ({"amounts": ["100", "20"], "currencies": ["¥", "￥"]}, "CNY"),
        ({"amounts": ["100", "20"], "currencies": pd.Categorical(["¥", "￥"]), "currency": "JPY"}, "JPY"),
        ({"amounts": ["¥100", "20円"]}, "JPY"),
        ({"amounts": ["¥100", "20元"]}, "CNY"),
    ],
)
def test_what_the_sign_is_of(options, code):
    found = read(**options)
    assert (found.currency, found.table["amount"].tolist()) == (code, [100, 20])


def test_yuan_unless_something_says_yen_is_noted():
    assert any("currency='JPY'" in note for note in read(["¥100"]).report.notes)
    assert not any("¥" in note for note in read(["¥100", "5元"]).report.notes)
    assert not any("¥" in note for note in read(["¥100"], currency="CNY").report.notes)


@pytest.mark.parametrize(
    ("options", "amounts"),
    [
        ({"currency": "CNY", "rates": {"JPY": 0.05}, "currencies": ["CNY", "JPY"]}, [100, 1]),
        ({"currency": "USD", "rates": {"JPY": 0.01}}, [1, 0.2]),
        (
            {"currency": "USD", "rates": pd.DataFrame({"currency": ["CNY"], "date": ["2024-01-01"], "rate": [0.25]})},
            [25, 5],
        ),
    ],
)
def test_rates_say_which(options, amounts):
    assert read(["¥100", "¥20"], **options).table["amount"].tolist() == pytest.approx(amounts)


@pytest.mark.parametrize(
    "options",
    [
        {"amounts": ["¥100"], "currency": "CNY", "rates": {"JPY": 0.05}},
        {"amounts": ["¥100"], "currency": "JPY", "rates": {"CNY": 20}},
        {"amounts": ["¥100", "20円", "20元"]},
    ],
)
def test_both_spoken_of_is_refused(options):
    with pytest.raises(InputError, match=r"1 row with an amount in ¥.*\(row 0\)"):
        read(**options)


def test_yen_are_not_called_yuan_against_the_header():
    with pytest.raises(InputError, match="never relabelled"):
        read(["¥100"], header="金额(元)", currency="JPY")


def test_open_rows_are_in_the_currency_that_is_said():
    log = pd.DataFrame({"customer_id": ["k1"], "date": ["2024-03-01"], "Amount": ["¥100"], "Stage": ["Negotiation"]})
    assert lb.read_transactions(log, currency="JPY").opportunities["currency"].tolist() == ["JPY"]
    assert lb.read_transactions(log).opportunities["currency"].tolist() == ["CNY"]
