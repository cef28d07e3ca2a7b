"""Columns of price files: the headings of many sources, and the stacked headings of yfinance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.prices.delimited_text import TableError, TableRow
from analysis.prices.tables import Table, fold_heading

PRICES = ("open", "high", "low", "close")
ENOUGH_HEADINGS = 2
# Each column's headings, the best first. `fold_heading` tells which spellings are equal.
ENGLISH: dict[str, tuple[str, ...]] = {
    "date": (
        *("date", "datetime", "trade date", "trading date", "traddt", "timestamp", "date1", "gmt time", "local time"),
        *("bizdt", "open time", "time", "unix", "day"),
    ),
    "time": ("time",),
    "period": ("per", "period", "interval", "timeframe"),
    "open": ("open", "open price", "opnpric"),
    "high": ("high", "high price", "hghpric"),
    "low": ("low", "low price", "lwpric"),
    "close": ("close", "close price", "clspric", "closing price", "close/last", "price"),
    "adj_close": ("adj close", "adjusted close", "adj close price", "close adj"),
    "volume": (
        *("volume", "vol", "tottrdqty", "ttl trd qnty", "total traded quantity", "total trade quantity"),
        *(
            "ttltradgvol",
            "no of shares",
            "no of shrs",
            "number of shares",
            "shares traded",
            "traded quantity",
            "traded qty",
            "qty",
        ),
        *("quantity", "volume traded", "total volume", "volumes", "shares"),
    ),
    "dividend": ("dividends", "dividend amount", "dividend"),
    "split": ("stock splits", "split coefficient", "split ratio", "split"),
    "series": ("series", "sctysrs", "sc group", "group"),
}
# Of Germany, France, Spain, Italy, Portugal and Poland, which write a decimal comma.
CONTINENTAL: dict[str, tuple[str, ...]] = {
    "date": ("datum", "fecha", "data"),
    "time": ("uhrzeit", "zeit", "heure", "hora", "ora"),
    "open": (
        *("eröffnung", "eroeffnung", "öffnung", "eröffnungskurs", "eröffn", "erster", "ouv", "ouverture"),
        *("apertura", "abertura", "otwarcie"),
    ),
    "high": (
        *("hoch", "tageshoch", "höchst", "höchstkurs", "plus haut", "haut", "máximo", "maximo", "massimo", "máxima"),
        *("máx", "max", "najwyzszy", "najwyższy"),
    ),
    "low": (
        *("tief", "tagestief", "tiefst", "tiefstkurs", "plus bas", "bas", "mínimo", "minimo", "mínima"),
        *("mín", "min", "najnizszy", "najniższy"),
    ),
    "close": (
        *("schluss", "schlusskurs", "letzter", "zuletzt", "dernier", "clôture", "cloture", "clot", "último", "ultimo"),
        *("cierre", "chiusura", "fechamento", "zamkniecie", "zamknięcie"),
    ),
    "volume": (
        *("stück", "stücke", "stuecke", "volumen", "umsatz stück", "gehandelte stücke", "titres"),
        *("volumen negociado", "quantità", "volumi", "wolumen"),
    ),
}
ALIASES = {column: names + CONTINENTAL.get(column, ()) for column, names in ENGLISH.items()}
CONTINENTAL_HEADINGS = {fold_heading(name) for names in CONTINENTAL.values() for name in names}
ADJUSTED = ("adj open", "adj high", "adj low", "adj close")  # Quandl's, beside those that are not
SPLITS = "stock splits"  # yfinance's history() adjusts its prices and writes this column
STACKED = {fold_heading(name) for name in ("price", "ticker", "attributes", "symbols", "")}
STACKED_SYMBOL = "Symbol"

KNOWN_HEADINGS = tuple(alias for aliases in ALIASES.values() for alias in aliases) + ADJUSTED


@dataclass(frozen=True, slots=True)
class PriceColumns:
    """The indices of a price file's columns; None for those that it has not.

    `is_adjusted` says that open, high, low and close are adjusted already.
    """

    date: int
    open: int
    high: int
    low: int
    close: int
    time: int | None
    period: int | None
    adj_close: int | None
    volume: int | None
    split: int | None
    dividend: int | None
    series: int | None
    is_adjusted: bool


def find_columns(table: Table) -> PriceColumns:
    """Return the columns of a table of prices. Raise TableError if it lacks one, or has one twice with other cells."""
    found = {column: table.find_column(*aliases) for column, aliases in ALIASES.items()}
    missing = [column for column in ("date", *PRICES) if found[column] is None]
    if missing == ["open", "high", "low"]:
        raise TableError("It has closes only, and the analysis needs open, high and low as well.")
    if missing:
        names = ", ".join(table.headings[:12])
        raise TableError(f"The heading in line {table.line} has no column for {', '.join(missing)}. It has: {names}.")
    if None not in map(table.find_column, ADJUSTED):  # Quandl's, whose volume is then adjusted as well
        adjusted_volume = table.find_column("adj volume")
        if adjusted_volume is not None and any(table.cells_of(adjusted_volume)):
            found["volume"] = adjusted_volume
    if found["time"] == found["date"]:
        found["time"] = None
    _refuse_other_twin(table, [index for index in found.values() if index is not None])
    is_of_yfinance = table.find_column(SPLITS) is not None and found["adj_close"] is None
    return PriceColumns(**found, is_adjusted=is_of_yfinance)  # type: ignore[arg-type]


def unstack_headings(table: Table) -> tuple[Table, bool]:
    """Return the table of yfinance's download(), whose heading has lines for price, ticker and date, one row a stock.

    Any other table is returned as it is. The second value says if the table was stacked.
    """
    if table.folded_headings[0] not in STACKED or table.find_column(*ALIASES["date"]) is not None:
        return table, False
    tickers, below = _split_stacked(table)
    if tickers is None:
        return table, False
    rows = []
    for ticker in dict.fromkeys(tickers[1:]):
        columns = [index for index, name in enumerate(tickers) if index and name == ticker]
        headings = ["Date", STACKED_SYMBOL, *(table.headings[index] for index in columns)]
        rows += [
            (headings, TableRow(row.line, [row.cells[0], ticker, *(row.cells[i] for i in columns)])) for row in below
        ]
    if not rows:
        return replace(table, headings=("Date", *table.headings[1:]), rows=()), True
    first = rows[0][0]
    return replace(
        table,
        headings=tuple(first),
        rows=tuple(TableRow(row.line, _arrange_cells(headings, row.cells, first)) for headings, row in rows),
        above=(),
        passed=tuple(note for note in table.passed if note.line != table.line - 1),
    ), True


def _split_stacked(table: Table) -> tuple[Sequence[str] | None, list[TableRow]]:
    """Return the line of tickers, None without one, and the rows below the lines of headings."""
    rows = list(table.rows)
    tickers: Sequence[str] | None = None
    if rows and fold_heading(rows[0].cells[0]) in STACKED and not rows[0].cells[0][:1].isdigit():
        tickers = rows.pop(0).cells
    elif table.above and fold_heading(table.above[-1].cells[0]) in STACKED:
        tickers = table.above[-1].cells
    if rows and fold_heading(rows[0].cells[0]) in ("date", "datetime") and not any(rows[0].cells[1:]):
        rows.pop(0)
    if tickers is None or len(tickers) < len(table.headings) or not all(tickers[1 : len(table.headings)]):
        return None, list(table.rows)
    return tickers[: len(table.headings)], rows


def _arrange_cells(headings: list[str], cells: Sequence[str], order: list[str]) -> list[str]:
    """Return a row's cells in another order of headings; empty ones for headings that this stock has not."""
    by_heading = dict(zip(headings, cells, strict=True))
    return [by_heading.get(heading, "") for heading in order]


def _refuse_other_twin(table: Table, used: list[int]) -> None:
    for index in used:
        heading = table.folded_headings[index]
        twins = [other for other, name in enumerate(table.folded_headings) if name == heading and other != index]
        if any(row.cells[index] != row.cells[twin] for twin in twins for row in table.rows):
            raise TableError(
                f"It has the column {table.headings[index]} twice, with different cells. Keep one of them."
            )
