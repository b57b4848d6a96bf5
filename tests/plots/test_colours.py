"""The palette: told apart by those who see no red or no green, and seen on white and on dark ground.

Colour vision is simulated by the matrices of Machado, Oliveira & Fernandes (2009), severity 1, in linear RGB.
"""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import ltv_bayes as lb
from ltv_bayes.plots import canvas, decisions, values

VISION = {
    "usual": np.eye(3),
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
APART = 19.5
"""In CIELAB, where 2.3 is just noticed."""
CONTRAST = 3.0
"""What WCAG 2.1 asks of graphics; 4.5 of letters."""
DARK = "#1e1e1e"


def linear(colour):
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(light):
    scaled = np.array(TO_XYZ) @ np.clip(light, 0, 1) / np.sum(TO_XYZ, axis=1)
    x, y, z = np.where(scaled > 216 / 24389, np.cbrt(scaled), (24389 / 27 * scaled + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one, other, vision):
    matrix = np.array(VISION[vision])
    return np.linalg.norm(lab(matrix @ linear(one)) - lab(matrix @ linear(other)))


def contrast(one, other):
    dark, light = sorted(np.array(TO_XYZ[1]) @ linear(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def test_the_scales_are_those_of_the_standards():
    """Lightness and distance of colours with known coordinates, and the contrast of black on white."""
    np.testing.assert_allclose(lab(linear("#ff0000")), [53.24, 80.09, 67.20], atol=0.02)
    assert contrast("black", "white") == pytest.approx(21)
    assert distance("#ff0000", "#00a000", "usual") > 3 * distance("#ff0000", "#7a7a00", "deuteranopia") > 0


@pytest.mark.parametrize("vision", VISION)
def test_any_two_colours_are_told_apart(vision):
    near = {pair: distance(*pair, vision) for pair in combinations(canvas.PALETTE, 2)}
    assert min(near.values()) > APART, min(near, key=near.get)
    assert distance("#4b8b5a", "#b5443f", "deuteranopia") < distance(canvas.GREEN, canvas.RED, "deuteranopia")


@pytest.mark.parametrize("ground", ["white", DARK])
def test_each_is_seen_on_its_ground(ground):
    assert min(contrast(colour, ground) for colour in canvas.PALETTE) > CONTRAST
    assert "alpha" not in canvas.BAR


def test_letters_are_read():
    assert contrast(canvas.RED, "white") > 4.5
    assert contrast(canvas.PALE_RED, DARK) > 4.5
    assert contrast(canvas.PAPER, canvas.BLUE) > 4.5


def test_all_pictures_take_their_colours_from_one_palette():
    used = {*values.STREAM_COLOURS, *values.COLOURS.values(), *decisions.COLOURS}
    assert used <= set(canvas.PALETTE)


def test_a_caution_can_be_read_on_dark_ground(book, purchases, valued, unconverged):
    ltv = valued(book, unconverged(purchases))
    with plt.style.context("dark_background"):
        ax = lb.plot_lifetime_value(ltv)
    assert ax.title.get_text() == ""
    assert ax._left_title.get_color() == canvas.PALE_RED
