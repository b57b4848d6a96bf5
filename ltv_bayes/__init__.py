"""What customers are worth, and how sure we may be.

The public names load on first use: importing this package starts neither PyMC, ArviZ nor matplotlib.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_NAMES_BY_FILE = {
    "errors": "LtvBayesError LtvBayesWarning",
    "language.messages": "in_language set_language",
    "intervals": "set_interval",
    "tables": "readable",
    "data.customers.all_customers": "all_customers",
    "data.customers.customers": "Customers",
    "data.exports.read_orders": "read_transactions",
    "data.matching.match": "match_customers",
    "data.matching.matches": "CustomerMatches",
    "data.orders.scanned": "ScannedTransactions scan_transactions",
    "data.orders.summarize": "summarize",
    "data.orders.read_report": "ReadReport",
    "data.orders.transactions": "Transactions",
    "data.reading.files": "read_table",
    "data.subscriptions.revenue.movements": "Movements subscription_movements",
    "data.subscriptions.renewals": "Renewals",
    "data.subscriptions.summarize": "summarize_renewals",
    "data.writing.table_files": "write_table",
    "data.warehouses.binned": "bin_histories",
    "data.warehouses.summary_sql": "summary_sql",
    "formulas.point.values": "hybrid_ltv project_ltv subscription_ltv",
    "predictions.signs.signs_of_life": "SignsOfLife",
    "predictions.signs.strength": "SignStrength",
    "predictions.events": "FittedEvents",
    "predictions.growth.fitted_expansion": "FittedExpansion",
    "predictions.fitted": "FittedModel",
    "predictions.fitted_scorecard": "FittedScorecard",
    "predictions.load": "load_fit",
    "predictions.purchases": "FittedPurchases",
    "predictions.renewals": "FittedRenewals",
    "predictions.spend": "FittedSpend",
    "predictions.visibility": "Coverage VisibleShare",
    "models.buy_till_you_die": "BGCNBD BGNBD MBGCNBD MBGNBD",
    "models.calendar_effects": "CalendarEffects",
    "models.gamma_gamma": "GammaGamma",
    "models.nbd": "NBD",
    "models.growth.expansion": "Expansion",
    "models.priors": "Prior",
    "models.separate": "fit_each",
    "models.shifted_beta_geometric": "ShiftedBetaGeometric BetaDiscreteWeibull",
    "judgement.beliefs.amount_belief": "AmountBelief",
    "judgement.beliefs.chance_belief": "ChanceBelief",
    "judgement.beliefs.opportunity": "Opportunity",
    "judgement.combine": "combine_judgements",
    "judgement.form.sheets": "judgement_template",
    "judgement.future_value": "FutureValuePriors",
    "judgement.judge_opportunities": "judge_opportunities",
    "judgement.pool": "pool_judgements",
    "judgement.scorecard.from_ratings": "scorecard",
    "judgement.scorecard.learn": "fit_scorecard",
    "judgement.track_record.signs": "learn_sign_strength",
    "judgement.track_record.calibrate": "calibrate_judgements",
    "judgement.track_record.calibration": "Calibration",
    "judgement.track_record.earlier_export": "closed_opportunities",
    "streams.one_off": "OneOffSale",
    "streams.repeat_purchases": "RepeatPurchases",
    "streams.subscription": "Subscription",
    "streams.triggered_service": "TriggeredService",
    "value.acquisition.acquisition": "Acquisition acquisition",
    "value.acquisition.new_customers": "NewCustomerValue new_customer_value",
    "value.equity.customer_equity": "CustomerEquity customer_equity",
    "value.equity.plan": "AcquisitionPlan",
    "value.decisions.at_risk": "AtRisk at_risk",
    "value.decisions.slipping_away": "SlippingAway slipping_away",
    "value.influence.judgement_in_value": "JudgementInValue",
    "value.lifetime_value": "LifetimeValue",
    "value.movements_ahead": "movements_ahead",
    "value.segments.compare": "best compare rank",
    "value.segments.segments": "SegmentValues",
    "value.value_customers": "lifetime_value",
    "evaluation.backtest": "Backtest",
    "evaluation.check": "Checks check",
    "evaluation.one_time": "OneTimeCheck check_one_time",
    "evaluation.purchase_timing": "Regularity check_regularity",
    "evaluation.rolling.comparison": "ModelComparison",
    "evaluation.rolling.result": "RollingBacktest",
    "evaluation.rolling.run": "backtest",
    "evaluation.value_over_time": "ValueOverTime value_over_time",
    "plots.acquisition": "plot_acquisition plot_equity plot_payback",
    "plots.backtests": "plot_backtest plot_cohorts plot_deciles",
    "plots.checks": "plot_calibration plot_calibration_curve plot_purchases_by_period plot_tracking",
    "plots.decisions": "plot_ranks plot_tiers plot_value_over_time",
    "plots.judgements": "plot_judgement",
    "plots.pooling": "plot_history_surface plot_shrinkage",
    "plots.fits": "plot_calendar_effects plot_prior_posterior",
    "plots.revenue.movements": "plot_movements plot_retained",
    "reporting.report": "Report report",
    "runs.run": "Run",
    "scoring.model": "ValueModel",
    "scoring.saved": "load_model save_model",
    "scoring.score": "score",
    "scoring.scores": "Scores",
    "plots.values": "plot_cash_flow plot_lifetime_value plot_segments plot_tornado plot_waterfall",
}
_MODULES = ("errors", "samples")
_PUBLIC = {name: f"ltv_bayes.{file}" for file, names in _NAMES_BY_FILE.items() for name in names.split()}

__all__ = sorted([*_PUBLIC, *_MODULES, "__version__"])


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value: Any = importlib.import_module(f"ltv_bayes.{name}")
    elif name in _PUBLIC:
        value = getattr(importlib.import_module(_PUBLIC[name]), name)
    else:
        raise AttributeError(f"module 'ltv_bayes' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
