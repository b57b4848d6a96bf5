"""The verdict on a fit's draws that travels with the fit."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Diagnostics:
    """What the draws say of their own quality.

    Attributes
    ----------
    method : str
        What made the draws.
    rhat : float
        Worst r-hat over all parameters; at most 1.01 when converged, nan for a single chain.
    ess : float
        Smallest effective sample size, bulk and tail; at least 100 per chain when converged.
    divergences : int
        Divergent transitions; at most 0.1% of the draws when converged.
    draws, chains : int
        Draws kept per chain, and chains.
    problems : tuple of str
        What is wrong, one sentence each; empty when converged.
    """

    method: str
    rhat: float
    ess: float
    divergences: int
    draws: int
    chains: int
    problems: tuple[str, ...] = ()

    @property
    def converged(self) -> bool:
        """Whether nothing speaks against the draws."""
        return not self.problems

    def to_json(self) -> str:
        """Write as text, to be kept with the fit."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Diagnostics":
        """Read what `to_json` wrote."""
        values = json.loads(text)
        return cls(**{**values, "problems": tuple(values["problems"])})

    def __str__(self) -> str:
        verdict = "converged" if self.converged else "DID NOT CONVERGE: " + " ".join(self.problems)
        return (
            f"{self.method}, {self.chains} chains x {self.draws:,} draws: {verdict} "
            f"(worst r-hat {self.rhat:.3f}, smallest effective sample size {self.ess:,.0f}, "
            f"{self.divergences} divergences)"
        )
