"""What customers are worth, and how sure we may be.

The public names load on first use: importing this package starts neither PyMC, ArviZ nor matplotlib.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Acquisition": "ltv_bayes.value.acquisition.acquisition",
    "AmountBelief": "ltv_bayes.judgement.beliefs.amount_belief",
    "BGCNBD": "ltv_bayes.models.buy_till_you_die",
    "BGNBD": "ltv_bayes.models.buy_till_you_die",
    "Backtest": "ltv_bayes.evaluation.backtest",
    "Calibration": "ltv_bayes.judgement.track_record.calibration",
    "ChanceBelief": "ltv_bayes.judgement.beliefs.chance_belief",
    "Checks": "ltv_bayes.evaluation.check",
    "Customers": "ltv_bayes.data.customers.customers",
    "FittedEvents": "ltv_bayes.predictions.events",
    "FittedModel": "ltv_bayes.predictions.fitted",
    "FittedPurchases": "ltv_bayes.predictions.purchases",
    "FittedRenewals": "ltv_bayes.predictions.renewals",
    "FittedScorecard": "ltv_bayes.predictions.fitted_scorecard",
    "FittedSpend": "ltv_bayes.predictions.spend",
    "FutureValuePriors": "ltv_bayes.judgement.future_value",
    "GammaGamma": "ltv_bayes.models.gamma_gamma",
    "JudgementInValue": "ltv_bayes.value.influence.judgement_in_value",
    "LifetimeValue": "ltv_bayes.value.lifetime_value",
    "LtvBayesError": "ltv_bayes.errors",
    "LtvBayesWarning": "ltv_bayes.errors",
    "MBGCNBD": "ltv_bayes.models.buy_till_you_die",
    "MBGNBD": "ltv_bayes.models.buy_till_you_die",
    "NBD": "ltv_bayes.models.nbd",
    "NewCustomerValue": "ltv_bayes.value.acquisition.new_customers",
    "OneOffSale": "ltv_bayes.streams.one_off",
    "Opportunity": "ltv_bayes.judgement.beliefs.opportunity",
    "OneTimeCheck": "ltv_bayes.evaluation.one_time",
    "Prior": "ltv_bayes.models.priors",
    "Regularity": "ltv_bayes.evaluation.purchase_timing",
    "Renewals": "ltv_bayes.data.subscriptions.renewals",
    "RepeatPurchases": "ltv_bayes.streams.repeat_purchases",
    "ScannedTransactions": "ltv_bayes.data.orders.scanned",
    "ShiftedBetaGeometric": "ltv_bayes.models.shifted_beta_geometric",
    "SegmentValues": "ltv_bayes.value.segments.segments",
    "SignsOfLife": "ltv_bayes.predictions.alive",
    "SlippingAway": "ltv_bayes.value.decisions.slipping_away",
    "Subscription": "ltv_bayes.streams.subscription",
    "Transactions": "ltv_bayes.data.orders.transactions",
    "TriggeredService": "ltv_bayes.streams.triggered_service",
    "ValueOverTime": "ltv_bayes.evaluation.value_over_time",
    "VisibleShare": "ltv_bayes.predictions.visibility",
    "acquisition": "ltv_bayes.value.acquisition.acquisition",
    "all_customers": "ltv_bayes.data.customers.all_customers",
    "backtest": "ltv_bayes.evaluation.backtest",
    "best": "ltv_bayes.value.segments.compare",
    "calibrate_judgements": "ltv_bayes.judgement.track_record.calibrate",
    "check": "ltv_bayes.evaluation.check",
    "check_one_time": "ltv_bayes.evaluation.one_time",
    "check_regularity": "ltv_bayes.evaluation.purchase_timing",
    "combine_judgements": "ltv_bayes.judgement.combine",
    "compare": "ltv_bayes.value.segments.compare",
    "errors": "ltv_bayes.errors",
    "fit_each": "ltv_bayes.models.separate",
    "fit_scorecard": "ltv_bayes.judgement.scorecard.learn",
    "hybrid_ltv": "ltv_bayes.formulas.point.values",
    "judgement_template": "ltv_bayes.judgement.form.sheets",
    "lifetime_value": "ltv_bayes.value.value_customers",
    "load_fit": "ltv_bayes.predictions.load",
    "new_customer_value": "ltv_bayes.value.acquisition.new_customers",
    "plot_acquisition": "ltv_bayes.plots.acquisition",
    "plot_calibration": "ltv_bayes.plots.checks",
    "plot_calibration_curve": "ltv_bayes.plots.calibration",
    "plot_cash_flow": "ltv_bayes.plots.values",
    "plot_history_surface": "ltv_bayes.plots.pooling",
    "plot_judgement": "ltv_bayes.plots.judgements",
    "plot_lifetime_value": "ltv_bayes.plots.values",
    "plot_payback": "ltv_bayes.plots.acquisition",
    "plot_prior_posterior": "ltv_bayes.plots.priors",
    "plot_ranks": "ltv_bayes.plots.decisions",
    "plot_segments": "ltv_bayes.plots.values",
    "plot_shrinkage": "ltv_bayes.plots.pooling",
    "plot_tiers": "ltv_bayes.plots.decisions",
    "plot_tornado": "ltv_bayes.plots.values",
    "plot_tracking": "ltv_bayes.plots.checks",
    "plot_value_over_time": "ltv_bayes.plots.decisions",
    "plot_waterfall": "ltv_bayes.plots.values",
    "pool_judgements": "ltv_bayes.judgement.pool",
    "project_ltv": "ltv_bayes.formulas.point.values",
    "rank": "ltv_bayes.value.segments.compare",
    "read_table": "ltv_bayes.data.reading.files",
    "read_transactions": "ltv_bayes.data.orders.transactions",
    "readable": "ltv_bayes.tables",
    "samples": "ltv_bayes.samples",
    "scan_transactions": "ltv_bayes.data.orders.scanned",
    "slipping_away": "ltv_bayes.value.decisions.slipping_away",
    "subscription_ltv": "ltv_bayes.formulas.point.values",
    "scorecard": "ltv_bayes.judgement.scorecard.from_ratings",
    "summarize": "ltv_bayes.data.orders.summarize",
    "summarize_renewals": "ltv_bayes.data.subscriptions.summarize",
    "value_over_time": "ltv_bayes.evaluation.value_over_time",
    "write_table": "ltv_bayes.report.workbooks",
}

_MODULES = ("errors", "samples")

__all__ = sorted([*_PUBLIC, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'ltv_bayes' has no attribute {name!r}")
    module = importlib.import_module(_PUBLIC[name])
    value = module if name in _MODULES else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
