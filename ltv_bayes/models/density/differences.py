"""How groups of customers differ in a quantity: effects of their segments, and of their covariates.

On the scale of a quantity's link, log or logit, group g has z + sum of effects of its segments + slopes times
covariates. Effects of a column's segments are normal with a common sd and add up to 0, so that z is the typical segment
and no common shift of all effects can stand for it. They are combinations of contrasts, which are normal with the same
sd and independent; the contrasts are those about which the customers are most informative, next to most, and so on.
Each is written partly as a distance in units of the sd, partly as it is, the more of the latter the more the customers
inform it: ``contrast = sd ** (1 - kept) * part``, with ``part`` normal around 0 with sd ``sd ** kept``. Chains then
move freely whether a segment has one customer or thousands.
"""

from typing import NamedTuple

import numpy as np

from ltv_bayes.formulas.special import Array, IntArray


class Column(NamedTuple):
    """A column of segments.

    Attributes
    ----------
    name : str
    levels : tuple of str
        The segments.
    of_group : array of shape (groups,)
        Place of each group's segment among them.
    customers : array of shape (levels,)
        How many each has.
    """

    name: str
    levels: tuple[str, ...]
    of_group: IntArray
    customers: Array


class Effects(NamedTuple):
    """Effects of a column's segments on one quantity.

    Attributes
    ----------
    quantity : str
    column : Column
    basis : array of shape (levels, levels - 1)
        From contrasts to effects; its columns are orthonormal and add up to 0.
    kept : array of shape (levels - 1,)
        How much of each contrast is written as it is.
    """

    quantity: str
    column: Column
    basis: Array
    kept: Array

    @classmethod
    def of(cls, quantity: str, column: Column, information: Array, usual_precision: float) -> "Effects":
        """Find contrasts, and how to write them, from how much the customers of each level inform, as precisions."""
        levels = len(column.levels)
        contrasts = np.linalg.qr(np.column_stack([np.ones(levels), np.eye(levels)[:, 1:]]))[0][:, 1:]
        precision, turned = np.linalg.eigh(contrasts.T @ (information[:, np.newaxis] * contrasts))
        precision = np.maximum(precision, 0.0)
        return cls(quantity, column, contrasts @ turned, precision / (precision + usual_precision))

    @property
    def name(self) -> str:
        """Of the effects among the posterior's variables."""
        return f"{self.quantity}_by_{self.column.name}"

    @property
    def sd(self) -> str:
        """Of their standard deviation."""
        return f"{self.quantity}_sd_{self.column.name}"


class Slopes(NamedTuple):
    """What covariates do to one quantity.

    Attributes
    ----------
    quantity : str
    names : tuple of str
        The covariates.
    values : array of shape (groups, covariates)
        Standardised.
    """

    quantity: str
    names: tuple[str, ...]
    values: Array

    @property
    def name(self) -> str:
        """Of the slopes among the posterior's variables."""
        return f"{self.quantity}_slope"
