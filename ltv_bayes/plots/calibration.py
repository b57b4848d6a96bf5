"""A picture of calibration: stated chances and the shares that occurred."""

from typing import Any

from ltv_bayes.intervals import describe_interval, interval_name, interval_settings
from ltv_bayes.judgement.track_record.calibration import Calibration
from ltv_bayes.judgement.track_record.record import TrackRecord
from ltv_bayes.plots import canvas
from ltv_bayes.plots.canvas import BLUE, GREY, ORANGE


def plot_calibration_curve(
    calibration: Calibration,
    who: str | None = None,
    *,
    bins: int = 5,
    ci_prob: float | None = None,
    ci_kind: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw the share of stated opportunities that occurred, and the recalibrated chance.

    Parameters
    ----------
    calibration : Calibration
        What `calibrate_judgements` returned.
    who : str, optional
        One of those who judged; all of them where not given.
    bins, ci_prob, ci_kind
        As in `Calibration.curve`.
    ax : matplotlib Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib Axes
    """
    canvas.require(calibration, Calibration, "Pass what calibrate_judgements(...) returned.")
    prob, kind = interval_settings(ci_prob, ci_kind)
    table = calibration.curve(who, bins=bins, ci_prob=prob, ci_kind=kind)
    level, name = describe_interval(prob, kind), interval_name(prob, kind)
    judges = TrackRecord(calibration.idata).judges
    with canvas.picture(ax, width=6.5, height=5.5) as ax:
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--", label="as stated")
        for source, colour, marker, step in (("recalibrated", BLUE, "o", -0.006), ("occurred", ORANGE, "D", 0.006)):
            bounds = table[f"{source}_{name}_lb"], table[f"{source}_{name}_ub"]
            ax.vlines(table["stated"] + step, *bounds, color=colour, linewidth=4, alpha=0.4)
            ax.plot(table["stated"] + step, table[source], marker, color=colour, label=source)
        for _, row in table.iterrows():
            ax.annotate(
                f"n = {row['cases']:,.0f}",
                (row["stated"], 0.015),
                xycoords=("data", "axes fraction"),
                ha="center",
                color=GREY,
                fontsize=8,
            )
        ax.set(xlim=(0, 1), ylim=(0, 1))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(lambda share, _: f"{share:.0%}")
        canvas.label_x(ax, "stated chance; n: cases")
        canvas.label_y(ax, "share that occurred")
        ax.legend(loc="upper left")
        canvas.finish(ax, f"Stated chances and outcomes: {who or judges}", f"with {level}", calibration.caution)
    return ax
