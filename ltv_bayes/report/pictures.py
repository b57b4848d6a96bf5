"""Pictures on disk."""

from pathlib import Path
from typing import Any


def save_picture(drawn: Any, path: str | Path) -> Path:
    """Write a figure, or the figure of axes, to a file and close it."""
    import matplotlib.pyplot as plt

    figure = getattr(drawn, "figure", None) or drawn
    figure.savefig(path, dpi=150)
    plt.close(figure)
    return Path(path)
