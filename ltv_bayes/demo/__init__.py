"""The demonstration: forecasts and values compared with what happened."""

from pathlib import Path

from ltv_bayes.demo.forecast import forecast_cdnow
from ltv_bayes.demo.hybrid_company import value_hybrid_company
from ltv_bayes.demo.project_business import value_project_business
from ltv_bayes.errors import FitError
from ltv_bayes.reporting.files import Results
from ltv_bayes.terminal import say


def run_demo(out: Path, *, draws: int = 1000, random_seed: int = 1) -> None:
    """Run all parts and write tables and pictures to a folder."""
    results = Results(out)
    say(f"Three examples, a minute or two. Tables and pictures go to {out.resolve()}\n")
    try:
        forecast_cdnow(results, draws=draws, random_seed=random_seed)
    except FitError as missing:
        say(f"   Left out. {missing}\n")
    value_project_business(results, draws=draws, random_seed=random_seed)
    value_hybrid_company(results, draws=draws, random_seed=random_seed)
    say(f"\n{results.listing()}")
