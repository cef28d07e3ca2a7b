"""Contracts in a price file: rows of futures and options on a security, which are not its own prices."""

import re
from collections import Counter
from dataclasses import replace

from analysis.prices.delimited_text import TableError
from analysis.prices.instruments import Instrument, InstrumentKind
from analysis.prices.port import Finding
from analysis.prices.price_market import list_names
from analysis.prices.tables import Table

_NOTHING = re.compile(r"|-+|0+(?:\.0+)?|n/?a|nan|nat|null|none|xx|not applicable|(?:0001|1970|1900|1980)-01-01.*", re.I)
_OF_NSE = r"(?:FUT|OPT)(?:STK|IDX|CUR|COM|IVX|IRC|IRT|IRD|BLN|FUT)"
# The headings of a column, and the cells in capitals that make a row one of a contract.
_CELLS_BY_HEADINGS = {
    ("instrument", "instrument name"): re.compile(_OF_NSE),
    ("instrument type", "product type", "security type", "inst type", "asset type", "asset class"): re.compile(
        rf"{_OF_NSE}|FUT|OPT|FUTURES?|OPTIONS?|CE|PE"
    ),
    ("fininstrmtp",): re.compile(r"STF|STO|IDF|IDO|CUF|CUO|IRF|IRO|COF|COO"),
    ("expiry", "expiry date", "expiry dt", "xprydt", "exp date", "expiration", "expiration date"): re.compile(r".+"),
    ("option type", "option typ", "optntp", "opt type", "right", "call/put", "put/call"): re.compile(
        r"C|P|[CP][EA]|CALLS?|PUTS?"
    ),
    ("strike", "strike price", "strike pr", "strkpric"): re.compile(r"[\d.,]*[1-9][\d.,]*"),
    ("segment", "sgmt"): re.compile(r"F&?O|[NB]FO|[NB]SE_FO|FNO|FUTURES.*|(?:EQUITY )?DERIVATIVES?"),
}
CONTRACT_COLUMNS = tuple(heading for headings in _CELLS_BY_HEADINGS for heading in headings)


def leave_contracts_out(table: Table, instrument: Instrument) -> tuple[Table, list[Finding]]:
    """Return the table without rows of futures and options, and the finding about them.

    A future's own file may name the contract of each day. Raise TableError if no other rows are left.
    """
    if instrument.kind is InstrumentKind.FUTURE:
        return table, []
    found = _find_contracts(table)
    if not found:
        return table, []
    headings = list_names(Counter(heading for heading, _ in found.values()))
    cells = list_names(Counter(cell for _, cell in found.values()))
    if len(found) == len(table.rows):
        raise TableError(
            f"Its rows are of futures or options ({cells} in the column {headings}), and the analysis needs the prices "
            f"of {instrument.ticker} itself."
        )
    rows = "1 row" if len(found) == 1 else f"{len(found):,} rows"
    message = f"{rows} of futures and options left out: {cells} in the column {headings}."
    kept = tuple(row for place, row in enumerate(table.rows) if place not in found)
    return replace(table, rows=kept), [Finding("contracts", message, "info")]


def _find_contracts(table: Table) -> dict[int, tuple[str, str]]:
    """Return the places of rows of contracts, each with the heading and the cell that say so."""
    found: dict[int, tuple[str, str]] = {}
    for headings, is_contract in _CELLS_BY_HEADINGS.items():
        for column in (at for heading in headings if (at := table.find_column(heading)) is not None):
            cells = table.cells_of(column)
            marks = {
                cell for cell in set(cells) if is_contract.fullmatch(cell.upper()) and not _NOTHING.fullmatch(cell)
            }
            for place in (place for place, cell in enumerate(cells) if cell in marks):
                found.setdefault(place, (table.headings[column], cells[place]))
    return found
