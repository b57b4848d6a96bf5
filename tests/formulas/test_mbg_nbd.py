"""MBG/NBD against its published estimates."""

import numpy as np
from scipy import optimize

from ltv_bayes.formulas import mbg_nbd


def test_estimates_on_cdnow(cdnow):
    h = cdnow.unique_histories()

    def loss(logs):
        values = dict(zip(mbg_nbd.PARAMETERS, np.exp(logs), strict=True))
        return -np.sum(h.count * mbg_nbd.log_likelihood(h.frequency, h.recency, h.T, **values))

    found = optimize.minimize(
        loss, np.zeros(4), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-9, "maxiter": 4000}
    )
    np.testing.assert_allclose(np.exp(found.x), [0.52484, 6.18308, 0.89136, 1.61400], rtol=1e-3)


def test_a_customer_without_repeat_may_have_left():
    assert mbg_nbd.probability_alive(0, 0, 100, r=0.5, alpha=6, a=0.9, b=1.6) < 0.5
