"""Errors and warnings as the command line tells them."""

import warnings

import pytest
import typer

from ltv_bayes.cli.messages import plain_messages, with_options
from ltv_bayes.errors import ConvergenceWarning, InputError


def test_an_error_of_this_package_is_one_sentence_and_code_1(capsys):
    with pytest.raises(typer.Exit) as left, plain_messages({"margin"}):
        raise InputError("Write 35% as margin=0.35.")
    assert left.value.exit_code == 1
    assert capsys.readouterr().err == "error: Write 35% as --margin 0.35.\n"


def test_a_file_out_of_reach_is_one_sentence(capsys, tmp_path):
    with pytest.raises(typer.Exit), plain_messages(()):
        (tmp_path / "missing" / "t.csv").write_text("")
    assert capsys.readouterr().err == f"error: {tmp_path}/missing/t.csv: No such file or directory.\n"


def test_a_fault_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), plain_messages(()):
        1 / 0  # noqa: B018


def test_warnings_of_this_package_are_shown_and_others_are_not(capsys):
    with plain_messages(()):
        warnings.warn("r-hat is 1.2.", ConvergenceWarning, stacklevel=1)
        warnings.simplefilter("default", FutureWarning)
        warnings.warn("something will change", FutureWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: r-hat is 1.2.\n"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("with horizon='39 weeks'", "with --horizon '39 weeks'"),
        ("pass date_format='%d/%m/%Y'", "pass --date-format %d/%m/%Y"),
        ("pass draws=2000.", "pass --draws 2000."),
        ("pass tune=2000", "pass tune=2000"),
        ("pass margin=x", "pass margin=x"),
        ("x=1 and margin = 2", "x=1 and margin = 2"),
    ],
)
def test_arguments_are_told_as_options(message, told):
    assert with_options(message, {"horizon", "date_format", "draws", "margin"}) == told
