"""PostgreSQL as an engine, through ADBC: statements run in the database, answers come as Arrow."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pyarrow as pa

from ltv_bayes.data.engine.elsewhere import Engine
from ltv_bayes.errors import InputError
from ltv_bayes.language import _

TYPES = {
    "text": "VARCHAR",
    "character varying": "VARCHAR",
    "character": "VARCHAR",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double precision": "DOUBLE",
    "date": "DATE",
    "timestamp with time zone": "TIMESTAMP WITH TIME ZONE",
    "timestamp without time zone": "TIMESTAMP",
}
SCHEMES = ("postgresql://", "postgres://")


def is_database(value: Any) -> bool:
    """Whether a value is the address of a PostgreSQL, or an ADBC connection to one."""
    return (isinstance(value, str) and value.startswith(SCHEMES)) or hasattr(value, "adbc_connection")


class _OwnConnection:
    """A connection that is closed when nothing needs it any more."""

    def __init__(self, connection: Any) -> None:
        self.cursor, self._close = connection.cursor, connection.close

    def __del__(self) -> None:
        self._close()


class Postgres(Engine):
    """A session of PostgreSQL."""

    dialect: ClassVar[str] = "postgres"
    name: ClassVar[str] = "PostgreSQL"

    @classmethod
    def of_table(cls, database: Any, table: str, name: str) -> "Postgres":
        """A session of a database, with one of its tables.

        Parameters
        ----------
        database : str or connection
            An address, ``postgresql://user@host/database``; or a connection of ADBC, which is used as it is.
        table : str
            The table, as it is written in SQL.
        """
        if not isinstance(database, str):
            return cls(database).knows(name, table)
        try:
            from adbc_driver_postgresql import dbapi
        except ImportError:
            raise InputError(
                _("PostgreSQL needs adbc-driver-postgresql. Install it with pip install 'ltv_bayes[warehouses]'.")
            ) from None
        return cls(_OwnConnection(dbapi.connect(database, autocommit=True))).knows(name, table)

    def types(self, name: str) -> dict[str, str]:
        """Name the columns of a table with the types that DuckDB would give them."""
        called = self.names[name].replace("'", "''")
        sql = (
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            f"WHERE attrelid = '{called}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        found = self._table(sql).to_pydict()
        kinds = dict(zip(*found.values(), strict=True))
        return {name: TYPES.get(kind, "DECIMAL" if kind == "numeric" else kind) for name, kind in kinds.items()}

    def time_zone(self) -> str:
        """The time zone of the session."""
        return str(self._table("SELECT current_setting('TimeZone')")[0][0])

    def _table(self, sql: str) -> pa.Table:
        with self.link.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetch_arrow_table()

    def _record_batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        with self.link.cursor() as cursor:
            cursor.execute(sql)
            yield from cursor.fetch_record_batch()

    def _define(self, called: str, sql: str) -> None:
        self._run(f"CREATE TEMPORARY VIEW {called} AS {sql}")

    def _keep(self, called: str, sql: str) -> None:
        self._run(f"CREATE TEMPORARY TABLE {called} AS {sql}")
        self._run(f"ANALYZE {called}")

    def _forget(self, called: str) -> None:
        self._run(f"DROP TABLE {called}")

    def _run(self, sql: str) -> None:
        with self.link.cursor() as cursor:
            cursor.execute(sql)
