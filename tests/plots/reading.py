"""What can be read in a picture: the boxes of its texts, those that lie on each other, those that leave it."""

from itertools import combinations

from matplotlib.text import Text

MARGIN = 1.0
"""Boxes hold a little more than their letters: so many pixels on each side may be shared."""


def boxes(figure):
    """Each text that is seen, with its box; ticks outside the view are not seen."""
    figure.draw_without_rendering()
    unseen = {tick.label1 for axis in _axes(figure) for tick in axis.get_major_ticks() if not _in_view(axis, tick)}
    unseen |= {tick.label2 for axis in _axes(figure) for tick in axis.get_major_ticks()}
    unseen |= {text for ax in figure.axes if not ax.get_visible() for text in ax.findobj(Text)}
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [(text.get_text(), text.get_window_extent()) for text in texts if text not in unseen]


def beyond_frame(figure, written):
    """Texts that reach beyond the figure's edge."""
    frame = figure.bbox
    return [
        text
        for text, box in written
        if box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
    ]


def overlapping(written):
    """Pairs of texts that lie on each other."""
    return [
        (one, other)
        for (one, first), (other, second) in combinations(written, 2)
        if min(first.x1, second.x1) - max(first.x0, second.x0) > 2 * MARGIN
        and min(first.y1, second.y1) - max(first.y0, second.y0) > 2 * MARGIN
    ]


def _axes(figure):
    return [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]


def _in_view(axis, tick):
    low, high = sorted(axis.get_view_interval())
    return low <= tick.get_loc() <= high
