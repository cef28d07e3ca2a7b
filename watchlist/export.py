"""Exporting: the cells of a file for each row of the page."""

from __future__ import annotations

from analysis.exports import rounded
from analysis.models import Rating, StockStatus
from watchlist.rows import ListRow

COLUMNS = [
    "Ticker", "Name", "Exchange", "Currency", "Industry", "Session", "Close", "Change %", "Change over sessions",
    "Verdict", "Score", "Weekly verdict", "Weekly verdict since", "Why", "What changed", "Side", "Entry", "Stop",
    "Target", "Risk:reward", "Quantity", "No trade because", "Caution", "Status", "Last analysis", "Error", "Note",
]  # fmt: skip


def cells(row: ListRow) -> list[object]:
    """Return the cells of a row: numbers without the page's rounding and signs, the score from -100 to +100."""
    stock, result, rating, plan = row.stock, row.result, row.rating, row.plan
    return [
        stock.pk,
        stock.name,
        stock.exchange,
        stock.currency,
        stock.industry,
        result.day if result else None,
        result.close if result else None,
        rounded(result.change_percent, 4) if result else None,
        result.change_sessions if result else None,
        row.verdict.label if row.verdict else "",
        rounded(100 * rating.score, 4) if rating and rating.score is not None else None,
        *_weekly_cells(rating),
        rating.why if rating else "",
        rating.what_changed if rating else "",
        plan.side.value if plan else "",
        plan.entry if plan else None,
        plan.stop if plan else None,
        plan.target if plan else None,
        rounded(plan.risk_reward, 4) if plan else None,
        row.sizing.quantity if row.sizing else None,
        row.no_trade_reason or row.lack_of_verdict,
        rating.caution if rating else "",
        StockStatus(stock.last_status).label,
        stock.last_analyzed_at,
        stock.last_error if row.has_failed else "",
        row.note,
    ]


def _weekly_cells(rating: Rating | None) -> list[object]:
    return [rating.get_weekly_verdict_display(), rating.weekly_since] if rating else ["", None]
