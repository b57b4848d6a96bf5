"""All small files of the battery: exports as CRMs and spreadsheets write them, with what must come of each."""

from dataclasses import replace

from tests.exports.cases import Case
from tests.exports.tables import (
    columns,
    dates,
    encodings,
    fxiaoke_jiandaoyun,
    ids,
    money,
    odd_tables,
    salesforce_hubspot,
    text_files,
    totals,
    traps,
    workbooks,
)

TABLES = {
    "encodings": encodings,
    "text files": text_files,
    "workbooks": workbooks,
    "Salesforce, HubSpot": salesforce_hubspot,
    "Fxiaoke, Jiandaoyun": fxiaoke_jiandaoyun,
    "totals": totals,
    "money": money,
    "dates": dates,
    "ids": ids,
    "columns": columns,
    "odd tables": odd_tables,
    "traps": traps,
}
CASES: list[Case] = [replace(case, kind=kind) for kind, table in TABLES.items() for case in table.CASES]
