"""The columns that the screener shows, sorts by and exports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import F, Value
from django.db.models.functions import NullIf

from analysis.exports import rounded
from analysis.models import Result
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
            _of_result("Verdict", lambda result: result.get_verdict_display()),
            _of_result("Caution", lambda result: result.caution),
        ),
    ),
    Column(
        "score",
        "Score",
        F("last_result__score"),
        (_of_result("Score", lambda result: rounded(result.score and 100 * result.score, 2)),),
        is_number=True,
    ),
    Column(
        "since",
        "Verdict since",
        F("last_result__verdict_since"),
        (_of_result("Verdict since", lambda result: result.verdict_since),),
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
        NullIf(F("last_result__what_changed"), Value("")),
        (_of_result("What changed", lambda result: result.what_changed),),
    ),
    Column(
        "analyzed", "Last analysis", F("last_analyzed_at"), (("Last analysis", lambda row: row.stock.last_analyzed_at),)
    ),
)
DEFAULT_COLUMNS = ["close", "change", "verdict", "score", "since", "risk_reward", "industry"]
DEFAULT_SORT = "-score"
BY_KEY = {column.key: column for column in (STOCK, *COLUMNS)}
