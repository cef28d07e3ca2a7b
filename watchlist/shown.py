"""What of a list is shown, and in which order: the part of the page's state that its address keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.http import urlencode

from analysis.models import StockStatus
from analysis.pages.standing import Standing

if TYPE_CHECKING:
    from watchlist.page import Row

URGENCY = [
    StockStatus.FAILED,
    StockStatus.PROCESSING,
    StockStatus.QUEUED,
    StockStatus.CANCELLED,
    StockStatus.NEVER,
    StockStatus.COMPLETED,
]
KEYS: Mapping[str, Callable[[Standing], Any]] = {
    "ticker": lambda row: row.stock.pk,
    "change": lambda row: row.result.change_percent if row.result else None,
    "score": lambda row: row.result.score if row.result else None,
    "status": lambda row: URGENCY.index(StockStatus(row.stock.last_status)),
    "analyzed": lambda row: row.stock.last_analyzed_at,
}
SORTS = [
    ("", "My order"),
    ("ticker", "Ticker"),
    ("-ticker", "Ticker, from Z"),
    ("-change", "Change, highest first"),
    ("change", "Change, lowest first"),
    ("-score", "Score, highest first"),
    ("score", "Score, lowest first"),
    ("status", "Failed and running first"),
    ("-status", "Completed first"),
    ("-analyzed", "Analysed last first"),
    ("analyzed", "Analysed longest ago first"),
]


@dataclass(frozen=True)
class Head:
    """A column's heading; `sort` is the order that choosing it asks for, empty where it cannot be chosen."""

    key: str
    label: str
    css: str = ""
    sort: str = ""
    query: str = ""
    aria_sort: str = ""


# key, label, class, and the order that the first click asks for
COLUMNS = [
    ("ticker", "Stock", "", "ticker"),
    ("close", "Last close", "num", ""),
    ("change", "Change", "num", "-change"),
    ("line", "30 sessions", "c-line", ""),
    ("score", "Verdict", "", "-score"),
    ("changed", "What changed", "c-changed", ""),
    ("plan", "Plan for you", "c-plan", ""),
    ("analyzed", "Last analysis", "", "-analyzed"),
]


@dataclass(frozen=True)
class Shown:
    """The filters and the order asked for, and the rows that are open."""

    text: str = ""
    verdict: str = ""
    status: str = ""
    sort: str = ""
    opened: tuple[str, ...] = ()

    @property
    def is_filtered(self) -> bool:
        return bool(self.text or self.verdict or self.status)

    @property
    def is_own_order(self) -> bool:
        """Whether the rows stand as their owner ordered them, all of them: only then can they be moved."""
        return not self.sort and not self.is_filtered

    @property
    def query(self) -> str:
        """As it stands in an address, without the rows that are open: `?sort=-change`, or nothing."""
        return self._query()

    @property
    def full_query(self) -> str:
        """With the rows that are open."""
        return self._query(self.opened)

    @property
    def unfiltered_query(self) -> str:
        return replace(self, text="", verdict="", status="").query

    def toggled_query(self, ticker: str) -> str:
        """With this row open, or closed where it was open."""
        others = tuple(other for other in self.opened if other != ticker)
        return self._query(others if ticker in self.opened else (*others, ticker))

    def _query(self, opened: tuple[str, ...] = ()) -> str:
        given = {"q": self.text, "verdict": self.verdict, "status": self.status, "sort": self.sort}
        pairs = [(name, value) for name, value in given.items() if value] + [("open", ticker) for ticker in opened]
        return f"?{urlencode(pairs)}" if pairs else ""

    @property
    def heads(self) -> list[Head]:
        return [self._head(*column) for column in COLUMNS]

    def _head(self, key: str, label: str, css: str, first: str) -> Head:
        if not first:
            return Head(key, label, css)
        second = first.removeprefix("-") if first.startswith("-") else f"-{first}"
        following = {first: second, second: ""}.get(self.sort, first)
        direction = {first: first, second: second}.get(self.sort, "")
        aria = "" if not direction else "descending" if direction.startswith("-") else "ascending"
        return Head(key, label, css, following or "own", replace(self, sort=following).query, aria)

    def arrange(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that pass the filters, in order; what a row has no value of comes last."""
        passing = [row for row in rows if self._passes(row)]
        if not self.sort:
            return passing
        key = KEYS[self.sort.removeprefix("-")]
        valued = sorted((row for row in passing if key(row) is not None), key=key, reverse=self.sort.startswith("-"))
        return valued + [row for row in passing if key(row) is None]

    def _passes(self, row: Row) -> bool:
        stock, result = row.stock, row.result
        text = self.text.casefold()
        is_found = not text or any(text in part.casefold() for part in (stock.pk, stock.name, stock.industry, row.note))
        has_verdict = not self.verdict or (result is not None and result.verdict == self.verdict)
        return is_found and has_verdict and self.status in {"", stock.last_status}
