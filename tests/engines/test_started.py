"""The engines that the tests start are there, and are what they should be."""

import os

import pytest

pytestmark = pytest.mark.engines


def test_spark_has_two_workers(spark):
    """Each worker forks its processes of Python from one of its own."""
    parents = spark.sparkContext.parallelize(range(8), 8).map(lambda _: os.getppid()).distinct().collect()
    assert len(parents) == 2


def test_postgres_answers_in_arrow(postgres):
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT generate_series(1, 3) AS number")
        assert cursor.fetch_arrow_table()["number"].to_pylist() == [1, 2, 3]
