"""Write the sample files in examples/data: a small project business, simulated.

120 clients, six years of deals, open opportunities as account managers judge them. The names of the columns are the
user's own, as a CRM would export them. The same seed writes the same files: python examples/make_data.py
"""

from pathlib import Path

import ltv_bayes as lb

DATA = Path(__file__).parent / "data"

business = lb.samples.simulate_project_business(clients=120, as_of="2025-12-31", random_seed=7)

DATA.mkdir(exist_ok=True)
business.orders.astype({"value": int}).to_csv(DATA / "orders.csv", index=False)
business.clients.rename(columns={"customer_id": "client"}).to_csv(DATA / "clients.csv", index=False)
opportunities = business.opportunities.astype({"low": int, "high": int})
opportunities.to_csv(DATA / "opportunities.csv", index=False)
print(business)
print(f"written to {DATA}")
