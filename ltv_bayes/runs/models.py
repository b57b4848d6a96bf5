"""Settings to models of purchases, spend and renewals, and fits that were saved."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ltv_bayes.data.orders.transactions import Transactions
from ltv_bayes.errors import FitError, InputError, a_kind, suggestion
from ltv_bayes.evaluation.purchase_timing import check_regularity
from ltv_bayes.language import _
from ltv_bayes.models.buy_till_you_die import BGCNBD, BGNBD, MBGCNBD, MBGNBD
from ltv_bayes.models.calendar_effects import CalendarEffects
from ltv_bayes.models.gamma_gamma import GammaGamma
from ltv_bayes.models.nbd import NBD
from ltv_bayes.models.shifted_beta_geometric import BetaDiscreteWeibull, RenewalModel, ShiftedBetaGeometric
from ltv_bayes.predictions.load import load_fit
from ltv_bayes.runs.kinds import CHOSEN, NOTHING
from ltv_bayes.runs.settings import Purchases, Settings, Spend, Subscriptions

KINDS: dict[str, Any] = {kind.__name__: kind for kind in (BGNBD, MBGNBD, BGCNBD, MBGCNBD, NBD)}
OF_RENEWALS: dict[str, Any] = {kind.__name__: kind for kind in (ShiftedBetaGeometric, BetaDiscreteWeibull)}
ASKS_REGULARITY = (BGCNBD, MBGCNBD)
MAY_LEAVE_AT_ONCE = (BGNBD, BGCNBD)


@dataclass(frozen=True, eq=False)
class Models:
    """The models of a run.

    Attributes
    ----------
    of : Settings
    orders : Transactions or None
        From which regularity is learned.
    """

    of: Settings
    orders: Transactions | None

    def purchases(self, name: str | None = None, *, pool_by: tuple[str, ...] = ()) -> Any:
        """The model of purchases; see `purchase_model`."""
        return purchase_model(self.of.purchases, self.orders, name=name, pool_by=pool_by)

    def spend(self, *, pool_by: tuple[str, ...] = ()) -> GammaGamma:
        """The model of spend."""
        return spend_model(self.of.spend, pool_by=pool_by)

    def renewals(self) -> RenewalModel:
        """The model of renewals."""
        return renewal_model(self.of.subscriptions)

    @property
    def sampling(self) -> dict[str, Any]:
        """What `fit` of a model takes."""
        given = self.of.sampling
        found = {"method": given.method, "draws": given.draws, "chains": given.chains, "random_seed": given.seed}
        return found if given.tune is None else found | {"tune": given.tune}


def purchase_model(given: Purchases, orders: Transactions | None, *, name: str | None = None, pool_by: Any = ()) -> Any:
    """The model of purchases, or one of another name with its settings so far as they fit.

    Parameters
    ----------
    given : Purchases
        The settings.
    orders : Transactions or None
        From which regularity is learned.
    name : str, optional
        In the place of that in the settings; how it is written does not matter: BG/NBD, bg-nbd, BGNBD.
    pool_by : tuple of str
        In the place of that in the settings.

    Raises
    ------
    InputError
        If there is no such model, or it has no share that leaves at once.
    """
    kind = KINDS[_named(name or given.model, KINDS)]
    settings: dict[str, Any] = {"calendar_effects": calendar(given.calendar_effects)}
    if pool_by or given.pool_by:
        settings["pool_by"] = names(pool_by or given.pool_by)
    if given.covariates:
        settings["covariates"] = names(given.covariates)
    if kind in ASKS_REGULARITY:
        settings["k"] = _k(given.regularity, orders)
    if given.leave_at_once and kind in MAY_LEAVE_AT_ONCE:
        settings["leave_at_once"] = True
    elif given.leave_at_once and name is None:
        able = ", ".join(one.__name__ for one in MAY_LEAVE_AT_ONCE)
        raise InputError(
            _(
                "leave_at_once is a setting of {able}, not of {kind}. Choose one of them, or leave it out.",
                able=able,
                kind=kind.__name__,
            )
        )
    return kind(**settings)


def spend_model(given: Spend, *, pool_by: Any = ()) -> GammaGamma:
    """The model of spend."""
    first = {"true": True, "false": False}.get(given.first_order, given.first_order)
    growth = None if given.price_growth == NOTHING else given.price_growth
    shared = {"pool_by": names(pool_by or given.pool_by)} if pool_by or given.pool_by else {}
    shared |= {"covariates": names(given.covariates)} if given.covariates else {}
    return GammaGamma(price_growth=growth, first_order=first, **shared)


def renewal_model(given: Subscriptions) -> RenewalModel:
    """The model of renewals.

    Raises
    ------
    InputError
        If there is no such model.
    """
    kind, effects = OF_RENEWALS[_named(given.model, OF_RENEWALS)], calendar(given.calendar_effects)
    shared: dict[str, Any] = {"pool_by": names(given.pool_by)} if given.pool_by else {}
    found: RenewalModel = kind(**shared) if effects is None else kind(calendar_effects=effects, **shared)
    return found


def calendar(value: Any) -> Any:
    """What moves all customers at once, as models take it."""
    if isinstance(value, dict):
        return CalendarEffects(**_known(value))
    return {CHOSEN: "auto", NOTHING: None}.get(
        value, CalendarEffects(period=value) if value not in (CHOSEN, NOTHING) else None
    )


def names(given: tuple[str, ...]) -> Any:
    """One name by itself, several as a list."""
    return given[0] if len(given) == 1 else list(given)


def saved_fit(folder: Path, name: str, kind: Any) -> Any:
    """A fit that an earlier run saved.

    Raises
    ------
    FitError
        If there is none of this name, or it is of another kind.
    """
    path = folder / f"{name}.nc"
    if not path.is_file():
        raise FitError(
            _("There is no file {path}. Run the command fit first, or name its folder with --fits.", path=path)
        )
    fitted = load_fit(path)
    if not isinstance(fitted, kind):
        wanted = kind[0] if isinstance(kind, tuple) else kind
        here, there = a_kind(fitted), a_kind(wanted)
        raise FitError(
            _("{path} holds {here}, not {there}. Run the command fit again.", path=path, here=here, there=there)
        )
    return fitted


def _known(value: dict[str, Any]) -> dict[str, Any]:
    settings = CalendarEffects.__dataclass_fields__
    for name in value:
        if name not in settings:
            known = suggestion(name, settings)
            raise InputError(_("calendar_effects has no setting {name!r}. {known}", name=name, known=known))
    return value


def _named(name: str, known: dict[str, Any]) -> str:
    """The name of a model, however it is written."""
    plain = {"".join(filter(str.isalnum, one.upper())): one for one in known}
    written = "".join(filter(str.isalnum, name.upper()))
    found = plain.get(written) or plain.get(written.rstrip("K"))
    if found is None:
        raise InputError(_("There is no model {name!r}. {known}", name=name, known=suggestion(name, list(known))))
    return found


def _k(regularity: Any, orders: Transactions | None) -> int:
    if regularity != CHOSEN:
        return int(regularity)
    if orders is None:
        raise InputError(_("Regularity is learned from orders, and there are none. Give the number: regularity=2."))
    return check_regularity(orders).whole_k
