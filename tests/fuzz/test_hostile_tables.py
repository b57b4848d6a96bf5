"""Tables as hostile as exports are, from reading to the last table: an error in words, or finite figures."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.holds import REACHED, Ended
from tests.fuzz.ways import WAYS, new_values

FEW = 5
MANY = {"orders": 700, "from_summary": 400, "contracts": 400, "cohorts": 300, "judgements": 300, "new_clients": 300}
MANY |= {"one_off": 200, "experts": 100, "systems": 300}


@pytest.fixture(scope="module", autouse=True)
def _new_clients(channel_fits):
    new_values(channel_fits)


def walk(way, number):
    """Generate a number of tables, and take each of them as far as it gets."""

    @settings(max_examples=number, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def one(data):
        with suppress(Ended):
            way(data.draw)

    one()


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_hostile_table_ends_in_words_or_finite_figures(way):
    walk(way, FEW)


@pytest.mark.study
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_many_hostile_tables_end_in_words_or_finite_figures(way):
    REACHED.clear()
    walk(way, MANY[way.__name__])
    print("; ".join(f"{stage} {number:,}" for stage, number in REACHED.items()))
