"""The query of a list: filters, sort order and expanded rows, as in the address of its page."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.utils.http import urlencode

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
class ColumnHead:
    """A column's heading; `sort` is the order that a click on it selects, empty for a column without one."""

    key: str
    label: str
    css: str = ""
    sort: str = ""
    query: str = ""
    aria_sort: str = ""


# key, label, class, and the order that the first click selects
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
class ListQuery:
    """Filters, sort order and expanded rows, as encoded in the URL query."""

    text: str = ""
    verdict: str = ""
    status: str = ""
    sort: str = ""
    expanded: tuple[str, ...] = ()

    @property
    def is_filtered(self) -> bool:
        return bool(self.text or self.verdict or self.status)

    @property
    def is_own_order(self) -> bool:
        """Return whether all rows show in their owner's order; only then can they be moved."""
        return not self.sort and not self.is_filtered

    @property
    def query(self) -> str:
        """Return the query string without expanded rows, such as `?sort=-change`; empty without filters and order."""
        return self._query()

    @property
    def full_query(self) -> str:
        """Return the query string with the expanded rows."""
        return self._query(self.expanded)

    @property
    def unfiltered_query(self) -> str:
        return replace(self, text="", verdict="", status="").query

    def toggled_query(self, ticker: str) -> str:
        """Return the query string with this row expanded, or collapsed if it is expanded now."""
        others = tuple(other for other in self.expanded if other != ticker)
        return self._query(others if ticker in self.expanded else (*others, ticker))

    def _query(self, expanded: tuple[str, ...] = ()) -> str:
        values = {"q": self.text, "verdict": self.verdict, "status": self.status, "sort": self.sort}
        pairs = [(name, value) for name, value in values.items() if value] + [("open", ticker) for ticker in expanded]
        return f"?{urlencode(pairs)}" if pairs else ""

    @property
    def heads(self) -> list[ColumnHead]:
        return [self._head(*column) for column in COLUMNS]

    def _head(self, key: str, label: str, css: str, first: str) -> ColumnHead:
        if not first:
            return ColumnHead(key, label, css)
        second = first.removeprefix("-") if first.startswith("-") else f"-{first}"
        following = {first: second, second: ""}.get(self.sort, first)
        direction = {first: first, second: second}.get(self.sort, "")
        aria = "" if not direction else "descending" if direction.startswith("-") else "ascending"
        return ColumnHead(key, label, css, following or "own", replace(self, sort=following).query, aria)
