"""Write the sample files in examples/data: a small project business, simulated, and an export as a CRM writes it.

120 clients, six years of deals, open opportunities as account managers judge them. The names of the columns are the
user's own, as a CRM would export them. The same seed writes the same files: python examples/make_data.py
"""

import csv
from pathlib import Path

import ltv_bayes as lb

DATA = Path(__file__).parent / "data"

business = lb.samples.simulate_project_business(clients=120, as_of="2025-12-31", random_seed=7)

DATA.mkdir(exist_ok=True)
business.orders.astype({"value": int}).to_csv(DATA / "orders.csv", index=False)
business.clients.rename(columns={"customer_id": "client"}).to_csv(DATA / "clients.csv", index=False)
opportunities = business.opportunities.astype({"low": int, "high": int})
opportunities.to_csv(DATA / "opportunities.csv", index=False)


HEADER = [
    "订单编号",
    "客户名称",
    "下单日期",
    "订单金额(万元)",
    "产品明细.产品名称",
    "产品明细.数量",
    "订单状态",
    "赢率",
    "备注",
]
PRODUCTS = ["服务器", "交换机", "存储", "安全网关"]


def crm_export(orders, opportunities):
    """Rows of a sales report: a title, orders with their products, void ones, open ones, and a total.

    An order of several products has a row for each, with its own cells in the first alone.
    """
    rows, total = [["2025年销售订单汇总表"], HEADER], 0.0
    for place, order in enumerate(orders.itertuples()):
        amount, day = round(order.value / 10_000, 2), f"{order.closed_on:%Y/%-m/%-d}"
        status = "作废" if place % 17 == 5 else "草稿" if place % 41 == 7 else "已完成"
        head = [f"SO{place + 1:05d}", f"客户{order.client[1:]}", day, f"{amount:,.2f}"]
        products = [PRODUCTS[(place + step) % 4] for step in range(1 + place % 3)]
        rows.append([*head, products[0], 1 + place % 5, status, "", ""])
        rows += [["", "", "", "", product, 2, "", "", ""] for product in products[1:]]
        total += amount
    for place, one in enumerate(opportunities.itertuples()):
        amount = round((one.low * one.high) ** 0.5 / 10_000, 2)
        head = [f"OP{place + 1:04d}", f"客户{one.customer_id[1:]}", f"2026/{1 + place % 12}/15", f"{amount:,.2f}"]
        rows.append([*head, PRODUCTS[place % 4], 1, "商务谈判", f"{round(100 * one.probability)}%", "待定"])
        total += amount
    return [*rows, ["合计", "", "", f"{total:,.2f}", "", "", "", "", ""]]


with (DATA / "crm_export.csv").open("w", encoding="gbk", newline="") as file:
    csv.writer(file).writerows(crm_export(business.orders, opportunities))
print(business)
print(f"written to {DATA}")
