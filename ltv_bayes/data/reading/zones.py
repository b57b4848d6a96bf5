"""Time zones: their names, and the hours of UTC at which it is midnight somewhere."""

import difflib
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pandas as pd

from ltv_bayes.data.reading.faults import quoted
from ltv_bayes.errors import UnitError, refuse_rows
from ltv_bayes.language import _

MIDNIGHTS = {  # hours of UTC at which it is midnight, and where
    (16,): "Asia/Shanghai", (15,): "Asia/Tokyo", (17,): "Asia/Bangkok", (22,): "Europe/Berlin", (23,): "Europe/Berlin",
    (22, 23): "Europe/Berlin", (0, 23): "Europe/London", (21, 22): "Europe/Helsinki", (4,): "America/New_York",
    (5,): "America/New_York", (4, 5): "America/New_York", (5, 6): "America/Chicago", (6, 7): "America/Denver",
    (7, 8): "America/Los_Angeles", (3,): "America/Sao_Paulo",
}  # fmt: skip


def as_zone(time_zone: str | None) -> ZoneInfo | None:
    """Read the name of a time zone.

    Raises
    ------
    UnitError
        If there is none of this name.

    Examples
    --------
    >>> as_zone("Asia/Shanghai")
    zoneinfo.ZoneInfo(key='Asia/Shanghai')
    """
    if time_zone is None:
        return None
    try:
        return ZoneInfo(time_zone)
    except (OSError, ValueError, TypeError, LookupError):
        near = difflib.get_close_matches(str(time_zone), available_timezones(), n=1, cutoff=0.9)
        meant = _("Did you mean time_zone={near!r}?", near=near[0]) if near else ""
        cure = meant or _("Name it by continent and city, as in time_zone='Asia/Shanghai'.")
        raise UnitError(_("There is no time zone {time_zone!r}. {cure}", time_zone=time_zone, cure=cure)) from None


def refuse_midnights(cells: pd.Series, at: np.ndarray, seconds: np.ndarray) -> None:
    """Raise if all moments stand at the hour of UTC that is midnight elsewhere: they are days, one day early there."""
    hours = tuple(sorted({int(hour) for hour in np.unique(seconds // 3600 % 24)}))
    if not len(seconds) or (seconds % 3600 != 0).any() or hours == (0,) or (len(hours) > 1 and hours not in MIDNIGHTS):
        return
    problem = _("with a time in UTC that is midnight elsewhere, such as {cells}", cells=quoted(cells, at))
    refuse_rows(cells.index[at], "row", problem, zone_cure(seconds))


def zone_cure(seconds: np.ndarray) -> str:
    """Name the zone in which all moments are midnight, if one is known; none is offered that dates them otherwise."""
    hours = tuple(sorted({int(hour) for hour in np.unique(seconds // 3600 % 24)}))
    if (seconds % 3600 == 0).all() and hours in MIDNIGHTS:
        return _(
            "Pass time_zone={midnights!r}, where they are midnight, or the zone UTC if its days are meant.",
            midnights=MIDNIGHTS[hours],
        )
    return _("Pass the zone in which the day counts, as time_zone='...': 'Asia/Shanghai', 'UTC' or another.")
