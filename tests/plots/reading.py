"""What can be read in a picture: the boxes of its texts, those that lie on each other, those that leave it."""

from itertools import combinations

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.text import Annotation, Text

NO_MARKER = {"None", None, "", " "}
MARGIN = 1.0
"""Boxes hold a little more than their letters: so many pixels on each side may be shared."""


def boxes(figure):
    """Each text that is seen, with its box; ticks outside the view are not seen."""
    figure.draw_without_rendering()
    unseen = {tick.label1 for axis in _axes(figure) for tick in axis.get_major_ticks() if not _in_view(axis, tick)}
    unseen |= {tick.label2 for axis in _axes(figure) for tick in axis.get_major_ticks()}
    unseen |= {text for ax in figure.axes if not ax.get_visible() for text in ax.findobj(Text)}
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [(text, text.get_window_extent()) for text in texts if text not in unseen]


def beyond_frame(figure, written):
    """Texts that reach beyond the figure's edge."""
    frame = figure.bbox
    return [
        text.get_text()
        for text, box in written
        if box.x0 < frame.x0 or box.x1 > frame.x1 or box.y0 < frame.y0 or box.y1 > frame.y1
    ]


def overlapping(written):
    """Pairs of texts that lie on each other."""
    return [
        (one.get_text(), other.get_text())
        for (one, first), (other, second) in combinations(written, 2)
        if min(first.x1, second.x1) - max(first.x0, second.x0) > 2 * MARGIN
        and min(first.y1, second.y1) - max(first.y0, second.y0) > 2 * MARGIN
        and not (one.get_rotation() == other.get_rotation() and _pass_aslant(one.get_rotation(), first, second))
    ]


def covering(figure):
    """Words within axes that lie on an end of an interval, or on a dot."""
    found = []
    for ax in figure.axes:
        lines = [drawn for drawn in ax.collections if isinstance(drawn, LineCollection)]
        places = [end for drawn in lines for segment in drawn.get_segments() for end in segment]
        for line in ax.lines:
            if line.get_marker() not in NO_MARKER:
                places += list(np.column_stack([line.get_xdata(orig=False), line.get_ydata(orig=False)]).astype(float))
        points = ax.transData.transform(np.reshape(places, (-1, 2)))
        words = [text for text in ax.texts if text.get_text()]
        found += [text.get_text() for text in words if _holds_any(text.get_window_extent(), points)]
    return found


def leaving_axes(figure):
    """Words beside data that reach beyond their axes, where other things are written."""
    found = []
    for ax in figure.axes:
        frame, words = ax.get_window_extent(), [text for text in ax.texts if isinstance(text, Annotation)]
        for text in words:
            box = text.get_window_extent()
            if text.xycoords == "data" and (box.x1 > frame.x1 + MARGIN or box.y1 > frame.y1 + MARGIN):
                found.append(text.get_text())
    return found


def _holds_any(box, points):
    x, y = np.reshape(points, (-1, 2)).T
    across = (box.x0 + MARGIN < x) & (x < box.x1 - MARGIN)
    return bool((across & (box.y0 + MARGIN < y) & (y < box.y1 - MARGIN)).any())


def _pass_aslant(angle, first, second):
    """Whether lines that are turned by one angle pass each other, though the boxes around them do not."""
    turned = np.radians(angle)
    cosine, sine = np.cos(turned), np.sin(turned)
    if abs(cosine**2 - sine**2) < 0.1 or abs(sine * cosine) < 0.1:
        return False
    lengths = [np.linalg.solve([[cosine, sine], [sine, cosine]], [box.width, box.height]) for box in (first, second)]
    middles = [np.array([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2]) for box in (first, second)]
    apart = np.abs(np.array([[cosine, sine], [-sine, cosine]]) @ (middles[0] - middles[1]))
    return bool((apart > np.sum(lengths, axis=0) / 2 - 2 * MARGIN).any())


def _axes(figure):
    return [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]


def _in_view(axis, tick):
    low, high = sorted(axis.get_view_interval())
    return low <= tick.get_loc() <= high
