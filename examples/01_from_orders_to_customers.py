"""Who are my customers, how often did they come back, what did they spend, and what was left out of the count?

First a real log: CDNOW, an online music shop. Then an export as a Chinese CRM writes it, which this script makes
itself: GBK, Chinese headers, amounts in ten thousands, dates written in several ways, and rows that cannot be used.
"""

from pathlib import Path

import ltv_bayes as lb

OUTPUT = Path(__file__).parent / "output"
OUTPUT.mkdir(exist_ok=True)


def write(table, name):
    """Write a table that Excel opens with the right letters."""
    table.to_csv(OUTPUT / name, encoding="utf-8-sig")
    print(f"written: {OUTPUT / name}")


print("1. CDNOW: every order of customers who first bought in early 1997\n")
orders = lb.samples.cdnow_orders()
print(orders)

print("\nOne row per customer, from the orders up to 30 September 1997:\n")
customers = lb.summarize(orders, time_unit="week", as_of="1997-09-30")
print(customers)
once = (customers.table["frequency"] == 0).mean()
print(f"\n{once:.0%} of these customers never came back. The rest is what the models learn from.")
write(customers.table, "01_cdnow_customers.csv")

print("\nSome CDs were free. Such a day counts as a purchase, unless you say otherwise:\n")
paid = lb.summarize(orders, time_unit="week", as_of="1997-09-30", zero_orders="drop")
print(f"zero_orders='count': {len(customers):,} customers, {customers.table['frequency'].sum():,} repeat purchase days")
print(f"zero_orders='drop':  {len(paid):,} customers, {paid.table['frequency'].sum():,} repeat purchase days")
print("\nThe rows left out by the second, by reason:\n")
print(paid.dropped_by_reason().to_string())

print("\n\n2. An export from a CRM: GBK, amounts in 万元, and rows to mend\n")
EXPORT = """\
客户,成交日期,金额（万元）,行业
云帆科技,2023年3月5日,12.5,软件
云帆科技,2024/1/18,"1,080.00",软件
云帆科技,2024-01-18,-30,软件
东海制造,2023.06.30,86,制造
东海制造,2024-09-02 14:30,￥95.2,制造
东海制造,,40,制造
长风物流,2024年11月20日,待定,物流
长风物流,2024-12-01,18,物流
"""
export = OUTPUT / "01_crm_export.csv"
export.write_bytes(EXPORT.encode("gbk"))
print(EXPORT)

columns = {"customer": "客户", "date": "成交日期", "amount": "金额（万元）"}
print("Read strictly, the file is refused, with the rows as a spreadsheet numbers them:\n")
try:
    lb.read_transactions(export, **columns, amount_unit="万元", currency="CNY")
except lb.LtvBayesError as error:
    print(error)

print("\nRead with bad_rows='drop', everything else is kept, and what was left out is counted:\n")
deals = lb.read_transactions(export, **columns, amount_unit="万元", currency="CNY", bad_rows="drop")
print(deals)
print("\nWhat was left out, as it stood in the file:\n")
print(deals.dropped.to_string(index=False))
write(deals.dropped, "01_left_out.csv")

print("\nThe clients, with their industry. The refund was set against the deal of the same day:\n")
industries = lb.read_table(export)[["客户", "行业"]].drop_duplicates()
clients = lb.summarize(deals, time_unit="month", as_of="2024-12-31", attributes=industries)
print(clients)
write(clients.table, "01_clients.csv")
