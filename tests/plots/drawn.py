"""What can be read off a drawn figure."""

import numpy as np


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def dots(ax):
    """Places of the markers along x."""
    return next(line.get_xdata() for line in ax.lines if line.get_marker() == "o")


def stretches(ax):
    """Both ends of each horizontal line, in the order of rows."""
    return np.array([segment[:, 0] for segment in ax.collections[0].get_segments()])


def texts(figure):
    """All texts that show, once the figure is drawn."""
    import matplotlib.text

    figure.canvas.draw()
    return [text for text in figure.findobj(matplotlib.text.Text) if text.get_visible() and text.get_text()]


def cut_off(figure):
    """Texts that reach beyond the figure's edge."""
    shown, frame = texts(figure), figure.bbox
    ticks = {label for ax in figure.axes for axis in (ax.xaxis, ax.yaxis) for label in _hidden(axis)}
    boxes = {text: text.get_window_extent() for text in shown if text not in ticks}
    return [
        text.get_text()
        for text, box in boxes.items()
        if box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
    ]


def _hidden(axis):
    """Labels of ticks outside the axis' view, which are not drawn."""
    low, high = sorted(axis.get_view_interval())
    return [tick.label1 for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high]
