"""The catalogue: further indicators for the chart, from pandas-ta. None of them is rated.

Only `compute` imports pandas-ta, when it first needs it. A `CatalogueEntry` is an indicator on offer, and a
`ChartIndicator` an entry with parameters.
"""

from analysis.catalogue.compute import Line, NoValues, compute_lines
from analysis.catalogue.indicator import (
    BadChoice,
    CatalogueEntry,
    ChartIndicator,
    IndicatorNotOffered,
    Parameter,
    Place,
    Scale,
)
from analysis.catalogue.offered import OFFERED, choose_indicator, find_entry, read_chart_indicators, search_entries
from analysis.catalogue.refused import REFUSED

__all__ = [
    "OFFERED",
    "REFUSED",
    "BadChoice",
    "CatalogueEntry",
    "ChartIndicator",
    "IndicatorNotOffered",
    "Line",
    "NoValues",
    "Parameter",
    "Place",
    "Scale",
    "choose_indicator",
    "compute_lines",
    "find_entry",
    "read_chart_indicators",
    "search_entries",
]
