"""Chart: its numbers, one array for each column, over the days, weeks or months that the chart shows."""

from typing import Any

import numpy as np

from analysis.catalogue.compute import NoValues, compute_lines
from analysis.catalogue.indicator import ChartIndicator
from analysis.engine.bars import Floats
from analysis.engine.overlay import moving_averages
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.engine.verdict import Verdict
from analysis.pages.chart_bars import ChartBars
from analysis.pages.stock_page import StockPage

TWO_YEARS = slice(-500, None)


def chart_columns(chart: ChartBars, page: StockPage, rows: slice) -> dict[str, Any]:
    """Return prices, averages, scores and verdicts of these rows of the chart's bars in columns of equal length.

    Beside them are the sessions that a day's change spans where these are several, by index, the plan's levels, and the
    dividends and splits, latest first.
    """
    plan = page.summary.plan
    rated = chart.rate(page.analyzed or chart.days, STRATEGIES.get(page.strategy_key, TECHNICAL_RATING))
    shown = chart.bars[rows]
    spans = page.change_spans[rows] if chart.is_daily else []
    return {
        "period": chart.period,
        "is_running": chart.is_running,
        "is_late": chart.is_late,
        "session": shown.session.astype(str).tolist(),
        "open": _rounded_numbers(shown.open),
        "high": _rounded_numbers(shown.high),
        "low": _rounded_numbers(shown.low),
        "close": _rounded_numbers(shown.close),
        "volume": _rounded_numbers(shown.volume),
        "spans": {str(n): span for n, span in enumerate(spans) if span > 1},
        "averages": {name: _rounded_numbers(values[rows]) for name, values in moving_averages(chart.bars).items()},
        "score": _rounded_numbers(100 * rated.score[rows]),
        "verdict": _rounded_numbers(rated.verdict[rows]),
        "verdicts": {each.code: each.label for each in Verdict},
        "no_verdict_reason": rated.no_verdict_reason,
        "events": [event for event in _events(chart, page) if event["session"] >= shown.first_session.isoformat()],
        "dividend_decimals": page.listing.decimals,
        "levels": {"entry": plan.entry, "stop": plan.stop, "target": plan.target} if plan else {},
        "has_more": len(shown) < len(chart.bars),
    }


def indicator_columns(chart: ChartBars, indicator: ChartIndicator, rows: slice) -> dict[str, Any]:
    """Return an indicator's lines over these rows of the chart's bars; none, with a sentence, if they are too few.

    An indicator of calendar months is computed from days whatever the chart shows.
    """
    is_of_days = chart.is_daily or "anchor" in indicator.entry.fixed
    bars = chart.days.bars if is_of_days else chart.bars
    entry = indicator.entry
    drawn = {"label": indicator.label, "place": entry.place, "scale": entry.scale, "is_of_days": is_of_days}
    try:
        lines = compute_lines(bars, indicator)
    except NoValues as problem:
        counted = f"{len(bars):,} {chart.period}{'' if len(bars) == 1 else 's'}"
        sentence = str(problem) if is_of_days else f"{indicator.label} has no value over {counted}."
        return {**drawn, "session": [], "lines": [], "problem": sentence}
    at = np.searchsorted(bars.session, chart.bars.session[rows])
    return {
        **drawn,
        "session": chart.bars.session[rows].astype(str).tolist(),
        "lines": [
            {"label": line.label, "is_bars": line.is_bars, "values": _rounded_numbers(line.values[at])}
            for line in lines
        ],
        "problem": "",
    }


def _events(chart: ChartBars, page: StockPage) -> list[dict[str, Any]]:
    """Return the dividends and splits since the first bar, each at the bar of its session, latest first."""
    return [
        {"session": chart.session_of(event.day).isoformat(), "dividend": event.dividend, "split": event.split}
        for event in page.listing.events_at(chart.days.bars.session)
    ]


def _rounded_numbers(values: Floats) -> list[float | None]:
    """Return floats of seven significant digits, None for NaN, which JSON does not have."""
    return [None if np.isnan(value) else float(f"{value:.7g}") for value in values.tolist()]
