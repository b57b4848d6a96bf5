"""A drawn figure to the content of a file."""

import io
from typing import Any

PIXELS_PER_INCH = 150


def rendered(drawn: Any, kind: str = "png") -> bytes:
    """Turn a figure, or the figure of axes, into the content of a file, and close it.

    Parameters
    ----------
    drawn : matplotlib Figure or Axes
        What a plot function returned.
    kind : str
        Such as "png", "svg" or "pdf".
    """
    import matplotlib.pyplot as plt

    figure = getattr(drawn, "figure", None) or drawn
    content = io.BytesIO()
    figure.savefig(content, format=kind, dpi=PIXELS_PER_INCH)
    plt.close(figure)
    return content.getvalue()
