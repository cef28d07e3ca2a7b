"""The catalogue: further indicators for the chart, from pandas-ta. None of them is rated.

pandas-ta stands at the edge: `compute` alone knows it, and loads it when first asked.
"""

from analysis.catalogue.compute import Line, NoValues, compute
from analysis.catalogue.indicator import BadChoice, Chosen, Indicator, NotOffered, Parameter, Place, Scale
from analysis.catalogue.offered import OFFERED, choose, indicator_named, kept_choices, matching
from analysis.catalogue.refused import REFUSED

__all__ = [
    "OFFERED",
    "REFUSED",
    "BadChoice",
    "Chosen",
    "Indicator",
    "Line",
    "NoValues",
    "NotOffered",
    "Parameter",
    "Place",
    "Scale",
    "choose",
    "compute",
    "indicator_named",
    "kept_choices",
    "matching",
]
