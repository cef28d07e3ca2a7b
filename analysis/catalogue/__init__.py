"""The catalogue: further indicators for the chart, from pandas-ta. None of them is rated.

Only `compute` imports pandas-ta, when it first needs it. A `CatalogueEntry` is an indicator on offer, and a
`ChartIndicator` an entry with parameters.
"""
