"""Data to try things on: real orders from an installed package, and simulated businesses with known truth.

Examples
--------
>>> import ltv_bayes as lb
>>> projects = lb.samples.simulate_project_business(40, random_seed=1)
>>> len(projects.clients), len(projects.transactions().table), projects.truth.columns[:3].tolist()
(40, 142, ['rate', 'dropout', 'mean_deal'])
>>> lb.samples.Industry("Energy", deals_per_year=1.0, mean_deal=500_000.0).parameters["r"] > 1
True
>>> channels = lb.samples.simulate_channels(random_seed=1)
>>> len(channels.transactions().table), channels.truth(horizon="1 year", clients=100).columns.tolist()
(1499, ['value', 'cost_per_client', 'ltv_to_cac'])
>>> lb.samples.Channel.__name__, lb.samples.Judge("Unbiased").slope
('Channel', 1.0)
>>> pipeline = lb.samples.simulate_pipeline(50, random_seed=1)
>>> len(pipeline.transactions().table), pipeline.true_value().size
(320, 50)
>>> office = lb.samples.simulate_office_equipment(100, random_seed=1)
>>> office.transactions().currency
'CNY'
>>> judges = lb.samples.simulate_judges(10, random_seed=1)
>>> isinstance(judges, lb.samples.SimulatedJudges), len(judges.history)
(True, 30)

Real orders, read from an installed package:

>>> lb.samples.cdnow_orders().customer_column
'sample_id'
>>> lb.samples.lifetimes_file("CDNOW_sample.txt").suffix
'.txt'
"""

from ltv_bayes.samples.cdnow import cdnow_orders, lifetimes_file
from ltv_bayes.samples.channels import Channel, ChannelBusiness, simulate_channels
from ltv_bayes.samples.judges import Judge, SimulatedJudges, simulate_judges
from ltv_bayes.samples.office_equipment import OfficeEquipment, simulate_office_equipment
from ltv_bayes.samples.project_business import (
    Industry,
    Pipeline,
    ProjectBusiness,
    simulate_pipeline,
    simulate_project_business,
)

__all__ = [
    "Channel",
    "ChannelBusiness",
    "Industry",
    "Judge",
    "OfficeEquipment",
    "Pipeline",
    "ProjectBusiness",
    "SimulatedJudges",
    "cdnow_orders",
    "lifetimes_file",
    "simulate_channels",
    "simulate_judges",
    "simulate_office_equipment",
    "simulate_pipeline",
    "simulate_project_business",
]
