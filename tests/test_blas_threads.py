"""Linear algebra runs on one thread while a posterior is searched, and as before afterwards."""

import pytest
import scipy.linalg  # noqa: F401  # with its own linear algebra
from threadpoolctl import threadpool_info, threadpool_limits

from ltv_bayes.sizes import one_blas_thread


def threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        yield


@pytest.mark.usefixtures("two_threads")
def test_one_thread_until_the_last_block_has_ended():
    first, second = one_blas_thread(), one_blas_thread()
    assert threads() == {2}
    first.__enter__()
    second.__enter__()
    assert threads() == {1}
    first.__exit__(None, None, None)
    assert threads() == {1}
    second.__exit__(None, None, None)
    assert threads() == {2}


@pytest.mark.usefixtures("two_threads")
def test_as_before_after_an_error_too():
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        1 / 0  # noqa: B018
    assert threads() == {2}
