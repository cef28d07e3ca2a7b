"""The columns that the screener shows, sorts by and exports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import F, Value
from django.db.models.functions import NullIf

from analysis.exports import rounded
from analysis.models import Rating, Result
from analysis.pages.stock_summary import StockSummary

type Cell = tuple[str, Callable[[StockSummary], object]]


@dataclass(frozen=True)
class Column:
    """A column by its key in the address: its heading, what it sorts by, and the cells that it exports to."""

    key: str
    label: str
    order: F | NullIf
    cells: tuple[Cell, ...]
    is_number: bool = False


STOCK = Column(
    "stock", "Stock", F("ticker"), (("Ticker", lambda row: row.stock.pk), ("Name", lambda row: row.stock.name))
)
"""The first column, which always shows."""


def _of_result(heading: str, read: Callable[[Result], object]) -> Cell:
    return heading, lambda row: read(row.result) if row.result else None


def _of_rating(heading: str, read: Callable[[Rating], object]) -> Cell:
    return heading, lambda row: read(row.rating) if row.rating else None


def _level(name: str) -> Column:
    """Return the column of a level of the plan, empty where the user sees none."""
    heading = name.title()
    read = (heading, lambda row: getattr(row.plan, name) if row.plan else None)
    return Column(name, heading, F(f"planned_{name}"), (read,), is_number=True)


COLUMNS = (
    Column(
        "close",
        "Last close",
        F("last_result__close"),
        (
            _of_result("Last close", lambda result: result.close),
            ("Currency", lambda row: row.stock.currency),
            _of_result("Session", lambda result: result.day),
        ),
        is_number=True,
    ),
    Column(
        "change",
        "Change",
        F("change"),
        (
            _of_result("Change %", lambda result: rounded(result.change_percent, 2)),
            _of_result("Change over sessions", lambda result: result.change_sessions),
        ),
        is_number=True,
    ),
    Column(
        "verdict",
        "Verdict",
        F("verdict_code"),
        (
            _of_rating("Verdict", lambda rating: rating.get_verdict_display()),
            _of_rating("Caution", lambda rating: rating.caution),
        ),
    ),
    Column(
        "weekly",
        "Weekly verdict",
        F("weekly_code"),
        (
            _of_rating("Weekly verdict", lambda rating: rating.get_weekly_verdict_display()),
            _of_rating("Weekly verdict since", lambda rating: rating.weekly_since),
        ),
    ),
    Column(
        "score",
        "Score",
        F("rating__score"),
        (_of_rating("Score", lambda rating: rounded(rating.score and 100 * rating.score, 2)),),
        is_number=True,
    ),
    Column(
        "since",
        "Verdict since",
        F("rating__verdict_since"),
        (_of_rating("Verdict since", lambda rating: rating.verdict_since),),
    ),
    Column(
        "risk_reward",
        "R:R",
        F("planned_risk_reward"),
        (("Risk:reward", lambda row: rounded(row.plan.risk_reward, 2) if row.plan else None),),
        is_number=True,
    ),
    _level("entry"),
    _level("stop"),
    _level("target"),
    Column("industry", "Industry", NullIf(F("industry"), Value("")), (("Industry", lambda row: row.stock.industry),)),
    Column("exchange", "Exchange", NullIf(F("exchange"), Value("")), (("Exchange", lambda row: row.stock.exchange),)),
    Column(
        "changed",
        "What changed",
        NullIf(F("rating__what_changed"), Value("")),
        (_of_rating("What changed", lambda rating: rating.what_changed),),
    ),
    Column(
        "analyzed", "Last analysis", F("last_analyzed_at"), (("Last analysis", lambda row: row.stock.last_analyzed_at),)
    ),
)
DEFAULT_COLUMNS = ["close", "change", "verdict", "weekly", "score", "since", "risk_reward", "industry"]
DEFAULT_SORT = "-score"
BY_KEY = {column.key: column for column in (STOCK, *COLUMNS)}
