"""Pictures of recurring revenue.

Examples
--------
>>> import matplotlib.pyplot as plt
>>> import pandas as pd
>>> import ltv_bayes as lb
>>> records = pd.DataFrame({"customer_id": list("ABCD"), "start": "2024-01-10", "price": [10, 20, 30, 40]})
>>> records["cancelled_on"] = [None, "2024-02-20", None, None]
>>> moved = lb.subscription_movements(lb.summarize_renewals(records, as_of="2024-04-30"))
>>> "2024-01 to 2024-04" in lb.plot_movements(moved).get_title(loc="left")
True
>>> lb.plot_retained(moved, random_seed=1).get_xlabel()
'age in months'
>>> plt.close("all")
"""
