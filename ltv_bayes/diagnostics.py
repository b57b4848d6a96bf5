"""The verdict on a fit's draws that travels with the fit."""

import json
from dataclasses import asdict, dataclass
from math import isnan, nan

from ltv_bayes.language import _, sentences
from ltv_bayes.tables import Printed, ResultPage


@dataclass(frozen=True, repr=False)
class Diagnostics(Printed):
    """The quality of the draws.

    Attributes
    ----------
    method : str
        What made the draws.
    ess : float
        Smallest effective sample size over all parameters; at least 100 per chain when converged.
    draws, chains : int
        Draws kept per chain, and chains.
    rhat : float
        Worst r-hat over all parameters; at most 1.01 when chains converged, nan for a single chain and for weights.
    divergences : int
        Divergent transitions; at most 0.1% of all transitions when chains converged.
    pareto_k : float
        Shape of the importance weights' tail; below 0.7 when they can be trusted, nan for chains.
    problems : tuple of str
        What is wrong, one sentence each; empty when converged.
    transitions : int, optional
        How many transitions the chains made, where more than the draws kept; 0 for weights.
    """

    method: str
    ess: float
    draws: int
    chains: int
    rhat: float = nan
    divergences: int = 0
    pareto_k: float = nan
    problems: tuple[str, ...] = ()
    transitions: int = 0

    def __post_init__(self) -> None:
        if not self.weighted:
            object.__setattr__(self, "transitions", self.transitions or self.chains * self.draws)

    @property
    def weighted(self) -> bool:
        """Whether the draws were weighted, not made by Markov chains."""
        return not isnan(self.pareto_k)

    @property
    def converged(self) -> bool:
        """Whether no problem was found."""
        return not self.problems

    def to_json(self) -> str:
        """Write as text, to be kept with the fit."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Diagnostics":
        """Read what `to_json` wrote."""
        values = json.loads(text)
        return cls(**{**values, "problems": tuple(values["problems"])})

    def _page(self) -> ResultPage:
        problems = sentences(*self.problems)
        verdict = _("converged") if self.converged else _("DID NOT CONVERGE: {problems}", problems=problems)
        size = _("effective sample size {ess:,.0f}", ess=self.ess)
        if self.weighted:
            details = _("Pareto k {pareto_k:.2f}, {size}", pareto_k=self.pareto_k, size=size)
        else:
            details = _(
                "worst r-hat {rhat:.3f}, smallest {size}, {diverged}",
                rhat=self.rhat,
                size=size,
                diverged=self._diverged(),
            )
        text = _(
            "{method}, {chains} chains x {draws:,} draws: {verdict} ({details})",
            method=self.method,
            chains=self.chains,
            draws=self.draws,
            verdict=verdict,
            details=details,
        )
        return ResultPage([text])

    def _diverged(self) -> str:
        among = (
            ""
            if self.transitions == self.chains * self.draws
            else _(" in {transitions:,} transitions", transitions=self.transitions)
        )
        return _("{divergences} divergences{among}", divergences=self.divergences, among=among)
