"""Data to try things on: real orders from an installed package, and simulated businesses with known truth."""

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
