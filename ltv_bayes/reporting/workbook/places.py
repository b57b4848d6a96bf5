"""Names of sheets: short, valid, distinct, in the language of the report."""

import re
from collections.abc import Mapping

from ltv_bayes.formatting import visible
from ltv_bayes.language import N_, _

MOST_LETTERS = 31
FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
RESERVED = {"history"}
STRIPPED = " '"
"""What a name neither begins nor ends with."""
NAMES: Mapping[str, str] = {
    "summary": N_("Summary"),
    "charts": N_("Charts"),
    "years": N_("By year"),
    "sources": N_("By source"),
    "horizons": N_("By horizon"),
    "segments": N_("Segments"),
    "segments_compared": N_("Comparisons"),
    "acquisition": N_("Channels"),
    "equity": N_("Customer equity"),
    "equity_channels": N_("Planned channels"),
    "equity_years": N_("Equity by year"),
    "movements": N_("Recurring revenue"),
    "movements_ahead": N_("Movements to come"),
    "retention_ahead": N_("Retention to come"),
    "at_risk": N_("Renewals at risk"),
    "slipping_away": N_("Slipping away"),
    "upside": N_("Upside"),
    "tiers": N_("Tiers"),
    "customers": N_("Customers"),
    "judgements": N_("Judgements"),
    "conflicts": N_("Conflicts"),
    "trend": N_("Trend"),
    "backtest": N_("Backtest"),
    "models": N_("Models"),
    "checks": N_("Checks"),
    "read": N_("Rows read"),
    "columns": N_("Columns read"),
    "status": N_("Status words"),
    "assumptions": N_("Terms"),
    "glossary": N_("Words"),
}
"""What the sheet of a table is called, by the table's key."""


class SheetNames:
    """Gives out names of sheets, each once."""

    def __init__(self) -> None:
        self._taken = set(RESERVED)

    def of(self, key: str, title: str = "") -> str:
        """A name for the table with this key; its title, if the key has no short name."""
        return self.free(_(NAMES[key]) if key in NAMES else title or key)

    def free(self, wanted: str) -> str:
        """The wanted name as a spreadsheet takes it, numbered if it is taken.

        Examples
        --------
        >>> names = SheetNames()
        >>> names.free("Segments: size/region"), names.free("segments  size region"), names.free("'")
        ('Segments size region', 'segments size region (2)', 'Sheet')
        """
        text = " ".join(FORBIDDEN.sub(" ", visible(wanted)).split()).strip(STRIPPED)
        found = number = None
        while found is None or found.casefold() in self._taken:
            number = 1 if number is None else number + 1
            suffix = f" ({number})" if number > 1 else ""
            found = f"{(text or 'Sheet')[: MOST_LETTERS - len(suffix)].strip(STRIPPED)}{suffix}"
        self._taken.add(found.casefold())
        return found
