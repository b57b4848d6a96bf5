"""Orders that were left out of a summary, in the engine that holds them."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ltv_bayes.data.engine.duckdb import text_literal
from ltv_bayes.data.engine.elsewhere import Engine
from ltv_bayes.data.orders.left_out import LeftOutFile


@dataclass(frozen=True, eq=False)
class LeftOutElsewhere:
    """The orders left out: row (what an order says of itself), reason, customer_id, date, amount.

    Attributes
    ----------
    engine : Engine
        Where they are.
    query : str
        SQL that gives them.
    counts : pandas.Series
        Their number by reason, the most frequent first.
    """

    engine: Engine
    query: str
    counts: pd.Series

    def table(self) -> pd.DataFrame:
        """All of them, fetched anew."""
        return self.engine.ask(f"{self.query} ORDER BY customer_id, date, row")

    def of(self, ids: pd.Index) -> pd.DataFrame:
        """Those of a few customers."""
        if not len(ids):
            return self.engine.ask(f"{self.query} LIMIT 0")
        wanted = ", ".join(text_literal(one) for one in ids)
        found = f"SELECT * FROM ({self.query}) AS left_out WHERE CAST(customer_id AS VARCHAR) IN ({wanted})"
        return self.engine.ask(f"{found} ORDER BY customer_id, date, row")

    def copy_to(self, path: Path) -> int:
        """Write them to a file here, and give their number."""
        return LeftOutFile.write(self.table(), path)

    def by_reason(self) -> pd.Series:
        """Count them by reason, the most frequent first."""
        return self.counts
