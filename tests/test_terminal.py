"""What the terminal shows."""

import io
import sys

import pandas as pd
import pytest

from ltv_bayes.terminal import complain, say, show


def test_names_cannot_steer_the_terminal(capsys):
    say("Ada\x1b[31m\x07 王芳")
    assert capsys.readouterr().out == "Ada�[31m� 王芳\n"


def test_tables_stand_below_their_title(capsys):
    show(pd.DataFrame({"mean": [61_700.0]}, index=["A"]), title="Best", currency="USD")
    assert capsys.readouterr().out == "\nBest\n    mean\nA  61.7k\n"


def test_errors_go_to_the_error_stream_in_one_line(capsys):
    complain("error", "There is no\nfile \x1b[0m.", colour="red")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "error: There is no file �[0m.\n"


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", "??"), ("utf-8", "王芳"), ("gbk", "王芳")])
def test_a_terminal_of_another_encoding_shows_marks_instead_of_failing(monkeypatch, encoding, shown):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    say("王芳")
    stream.seek(0)
    assert stream.read().strip() == shown
