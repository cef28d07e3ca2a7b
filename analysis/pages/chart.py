"""Chart: its numbers, one array for each column, over the sessions that the chart shows."""

from typing import Any

import numpy as np

from analysis.catalogue.compute import NoValues, compute_lines
from analysis.catalogue.indicator import ChartIndicator
from analysis.engine.bars import Bars, Floats
from analysis.engine.overlay import moving_averages
from analysis.engine.rating import rate
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.engine.verdict import UNRATED, Verdict
from analysis.pages.stock_page import StockPage

TWO_YEARS = slice(-500, None)


def chart_columns(bars: Bars, page: StockPage, rows: slice) -> dict[str, Any]:
    """Return prices, averages, scores and verdicts of these sessions in columns of equal length.

    Beside them are the sessions that a change spans where these are several, by index, the plan's levels, and the
    dividends and splits, latest first.
    """
    plan = page.summary.plan
    score, verdict = _score_series(bars, page)
    shown = bars[rows]
    return {
        "session": shown.session.astype(str).tolist(),
        "open": _rounded_numbers(shown.open),
        "high": _rounded_numbers(shown.high),
        "low": _rounded_numbers(shown.low),
        "close": _rounded_numbers(shown.close),
        "volume": _rounded_numbers(shown.volume),
        "spans": {str(n): span for n, span in enumerate(page.change_spans[rows]) if span > 1},
        "averages": {name: _rounded_numbers(values[rows]) for name, values in moving_averages(bars).items()},
        "score": _rounded_numbers(100 * score[rows]),
        "verdict": _rounded_numbers(verdict[rows]),
        "verdicts": {each.code: each.label for each in Verdict},
        "events": [
            {"session": event.day.isoformat(), "dividend": event.dividend, "split": event.split}
            for event in page.listing.events_at(bars.session)
            if event.day >= shown.first_session
        ],
        "dividend_decimals": page.listing.decimals,
        "levels": {"entry": plan.entry, "stop": plan.stop, "target": plan.target} if plan else {},
        "has_more": len(shown) < len(bars),
    }


def indicator_columns(bars: Bars, indicator: ChartIndicator, rows: slice) -> dict[str, Any]:
    """Return an indicator's lines over these sessions; none, with a sentence, if the bars are too few."""
    drawn = {"label": indicator.label, "place": indicator.entry.place, "scale": indicator.entry.scale}
    try:
        lines = compute_lines(bars, indicator)
    except NoValues as problem:
        return {**drawn, "session": [], "lines": [], "problem": str(problem)}
    return {
        **drawn,
        "session": bars.session[rows].astype(str).tolist(),
        "lines": [
            {"label": line.label, "is_bars": line.is_bars, "values": _rounded_numbers(line.values[rows])}
            for line in lines
        ],
        "problem": "",
    }


def _rounded_numbers(values: Floats) -> list[float | None]:
    """Return floats of seven significant digits, None for NaN, which JSON does not have."""
    return [None if np.isnan(value) else float(f"{value:.7g}") for value in values.tolist()]


def _score_series(bars: Bars, page: StockPage) -> tuple[Floats, Floats]:
    """Return scores and steady verdicts (-2 to +2) of the page's strategy, each shape (n,), as in an analysis.

    Sessions before the bars of an analysis are NaN, so that the latest values are exactly those of the page.
    """
    usable = page.analyzed.series if page.analyzed else SeriesCache(bars)
    strategy = STRATEGIES.get(page.strategy_key, TECHNICAL_RATING)
    rating = rate(usable, strategy)
    before = np.full(len(bars) - len(usable.bars), np.nan)
    verdict = np.where(rating.steady == UNRATED, np.nan, rating.steady)
    return np.concatenate([before, rating.score]), np.concatenate([before, verdict])
