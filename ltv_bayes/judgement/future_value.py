"""Future-value priors: what experts expect of named opportunities, as distributions of money."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from ltv_bayes.data.customers import Customers
from ltv_bayes.data.readers import read_table
from ltv_bayes.errors import ColumnError, JudgementError, counted, listed, rows_at_fault, suggestion
from ltv_bayes.formatting import money, percent
from ltv_bayes.judgement.elicit import draw_amounts, log_normal_from_interval, mean_amount
from ltv_bayes.random_streams import customer_stream
from ltv_bayes.streams.stream import CustomerDraws
from ltv_bayes.streams.terms import Terms
from ltv_bayes.time_units import as_number

NEEDED = ("customer_id", "probability", "low", "high")
OPTIONAL = ("likely", "expected_on", "expert", "opportunity")
