"""ISINs of a list: renames that follow from them, rows whose ticker is another company's, new ISINs of stocks.

An ISIN stays with a security when its ticker changes. It changes itself with a split or a new face value, and a list
may be wrong or old. So nothing that could mix two companies is done: it is asked, with the command that would do it.
"""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.models import FormerTicker, JobDetail, PriceHistory, Result, Stock
from analysis.prices.symbol_text import fold_name
from analysis.prices.tickers import suffix_of
from analysis.prices.yahoo_listing import ListedStock
from analysis.stock_lists.renames import Rename

ISSUER_LENGTHS = {"IN": 7, "US": 8, "CA": 8}
"""How many characters of an ISIN name its country and issuer, where they do; they stay after a split."""
FUNDS = "INF"  # the issuer of an Indian fund is its house, which has hundreds of others
LONGEST = 3  # renames of a chain, beyond which the list is taken for wrong
COMMAND = "manage.py load_stocks"


@dataclass(frozen=True, slots=True)
class RenameGroup:
    """Renames that are done together, as those of a chain.

    With a question they are not certain, or exclude each other, and are only asked about.
    """

    renames: tuple[Rename, ...]
    question: str = ""


@dataclass(slots=True)
class ListedRows:
    """The rows of a list to be stored; sentences about changes, and about rows that are left out, with what to do."""

    rows: list[ListedStock] = field(default_factory=list)
    news: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    """Stocks that may be meant by rows that are asked about: they stay in the index as they are."""


def follow_former_tickers(listed: Sequence[ListedStock]) -> ListedRows:
    """Return the rows with those of former tickers as rows of the stocks that had them: the list is an old one.

    A row with another ISIN is of a company that has taken the ticker since, and stays. So does one beside the present
    ticker, unless ISIN or name are the stock's. Another name alone may be the stock's earlier one, and is asked about.
    """
    renamed = FormerTicker.objects.present_stocks({one.ticker for one in listed})
    tickers = {one.ticker for one in listed}
    found, seen = ListedRows(), set(tickers)
    for one in listed:
        stock = renamed.get(one.ticker)
        if stock is None or _is_other_company(one, stock, is_beside=stock.pk in tickers):
            found.rows.append(one)
        elif _is_in_doubt(one, stock):
            found.questions.append(_ask_about_reuse(one, stock))
            found.left_out.add(stock.pk)
        else:
            again = f"If it has its old ticker again: {_command([Rename(stock.pk, one.ticker)])}"
            found.news.append(f"{one.ticker} was read as {stock.pk}, which is its ticker now. {again}")
            if stock.pk not in seen:
                found.rows.append(ListedStock(stock.pk))
                seen.add(stock.pk)
    return found


def _is_other_company(listed: ListedStock, stock: Stock, *, is_beside: bool) -> bool:
    """Return whether a row with a stock's former ticker is of another company: by its ISIN; or because the present
    ticker is beside it in the list, and nothing says that both are the same.
    """
    if listed.isin and stock.isin:
        return listed.isin != stock.isin
    return is_beside and not _is_named_alike(listed, stock)


def _is_in_doubt(listed: ListedStock, stock: Stock) -> bool:
    """Return whether a row with a stock's former ticker has another name, and no ISIN that decides."""
    return bool(listed.name and stock.name and not (listed.isin and stock.isin)) and not _is_named_alike(listed, stock)


def _ask_about_reuse(listed: ListedStock, stock: Stock) -> str:
    return (
        f"{listed.ticker}, “{listed.name}”, was left out: {listed.ticker} was the ticker of {stock.pk}, “{stock.name}”."
        f" If it is another company, add the stock {listed.ticker} in the admin, and load the list again."
    )


def find_renames(listed: Sequence[ListedStock]) -> list[RenameGroup]:
    """Return the renames that follow from a list: its ISIN of a known stock has another ticker of the same exchange.

    They are certain if the old ticker is not in the list, or its row has another ISIN and the names agree; and if the
    new ticker has nothing of its own that could be of another company.
    """
    rows = {one.ticker: one for one in listed}
    by_isin = _tickers_by_isin(listed)
    known = {stock.pk: stock for stock in _known_stocks()}
    targets = {
        old: found
        for old, stock in known.items()
        if (found := by_isin.get((stock.isin, suffix_of(old)), []))
        and old not in found
        and (old not in rows or rows[old].isin)
    }
    counts = Counter(ticker for found in targets.values() for ticker in found)
    moves = {old: found[0] for old, found in targets.items() if len(found) == 1 and counts[found[0]] == 1}
    groups = [_judge_chain(chain, known, rows) for chain in _chains(moves, known)]
    several = (
        tuple(Rename(old, new, known[old].isin) for new in found) for old, found in targets.items() if old not in moves
    )
    return [*groups, *(RenameGroup(renames, _ask_which(renames)) for renames in several)]


def settle_isins(listed: Sequence[ListedStock], asked: Container[str]) -> ListedRows:
    """Return the rows whose ISIN is that of the stored stock, or a new one of the same company.

    Rows of tickers in `asked` are left out: the question about them is put already.
    """
    known = {stock.pk: stock for stock in _known_stocks()}
    stored = {(stock.isin, suffix_of(stock.pk)) for stock in known.values()}
    by_isin = _tickers_by_isin(listed)
    found = ListedRows()
    for one in (row for row in listed if row.ticker not in asked):
        stock = known.get(one.ticker)
        if stock is None or one.isin in ("", stock.isin):
            found.rows.append(one)
            continue
        suffix = suffix_of(one.ticker)
        is_swapped = (one.isin, suffix) in stored or (stock.isin, suffix) in by_isin
        if _is_same_company(one, stock) and not is_swapped:
            found.rows.append(one)
            found.news.append(f"{one.ticker} has a new ISIN, {one.isin}, as after a split; it was {stock.isin}.")
        else:
            found.questions.append(_ask_about_isin(one, stock))
    return found


def _tickers_by_isin(listed: Iterable[ListedStock]) -> dict[tuple[str, str], list[str]]:
    """Return the tickers of each ISIN on one exchange: the shares of two exchanges have the same ISIN."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in listed:
        if one.isin:
            found.setdefault((one.isin, suffix_of(one.ticker)), []).append(one.ticker)
    return found


def _known_stocks() -> Iterable[Stock]:
    return Stock.objects.filter(isin__gt="", is_confirmed=True).order_by("pk").only("ticker", "isin", "name")


def _chains(moves: dict[str, str], known: dict[str, Stock]) -> Iterator[tuple[Rename, ...]]:
    """Yield the renames in chains: A to B and B to C, from its beginning; a ring from any of its tickers."""
    waiting = dict(moves)
    heads = [old for old in moves if old not in moves.values()]
    for head in (*heads, *moves):
        chain: list[Rename] = []
        while head in waiting:
            chain.append(Rename(head, waiting[head], known[head].isin))
            head = waiting.pop(head)
        if chain:
            yield tuple(chain)


def _judge_chain(chain: tuple[Rename, ...], known: dict[str, Stock], rows: dict[str, ListedStock]) -> RenameGroup:
    last = chain[-1]
    is_ring = last.new == chain[0].old
    target = None if is_ring else Stock.objects.filter(pk=last.new).first()
    agree = all(one.old not in rows or _is_named_alike(rows[one.new], known[one.old]) for one in chain)
    if target and target.isin not in ("", last.isin):
        return RenameGroup(chain, _ask_about_target(last, target))
    if is_ring or len(chain) > LONGEST or not agree:
        return RenameGroup(chain, _ask_about_chain(chain))
    return RenameGroup(chain, _ask_about_rows(chain) if target and _has_rows(target) else "")


def _has_rows(stock: Stock) -> bool:
    models: Iterable[Any] = (Result, PriceHistory, JobDetail)
    return any(model.objects.filter(stock=stock).exists() for model in models)


def _ask_which(renames: Sequence[Rename]) -> str:
    old, isin = renames[0].old, renames[0].isin
    others = " and ".join(rename.new for rename in renames)
    commands = " or ".join(_command([rename]) for rename in renames)
    return f"{old} has the ISIN of {others}, {isin}. If it was renamed, move what belongs to it: {commands}"


def _ask_about_chain(chain: Sequence[Rename]) -> str:
    if len(chain) > LONGEST:
        return (
            f"The list has the ISINs of {len(chain):,} stocks, from {chain[0].old} to {chain[-1].old}, at other "
            "tickers. Its columns may be shifted: these stocks were left as they are."
        )
    pairs = " and ".join(f"{one.old} is {one.new} now" for one in chain)
    return f"By the ISINs of the list {pairs}, which is not certain. If it is right: {_command(chain)}"


def _ask_about_rows(chain: Sequence[Rename]) -> str:
    one = chain[-1]
    return (
        f"{one.old} and {one.new} have the same ISIN, {one.isin}, and both have been analysed. If {one.old} was "
        f"renamed, move its lists, notes, results and prices: {_command(chain)}"
    )


def _command(chain: Sequence[Rename]) -> str:
    return " ".join([COMMAND, *(rename.option for rename in chain)])


def _ask_about_target(rename: Rename, target: Stock) -> str:
    return (
        f"By its ISIN, {rename.isin}, {rename.old} is {rename.new} now, but the stock {rename.new} stored here has "
        f"another, {target.isin}. If that company is gone, rename or delete its stock, and load the list again."
    )


def _ask_about_isin(listed: ListedStock, stock: Stock) -> str:
    name = f", “{stock.name}”" if stock.name else ""
    return (
        f"{listed.ticker} was left as it is: the list has the ISIN {listed.isin}, and the stock stored here, "
        f"{stock.isin}{name}. If it is the same company, enter the new ISIN in the admin, under Stocks; if not, rename "
        "or delete the stored stock. Then load the list again."
    )


def _is_same_company(listed: ListedStock, stock: Stock) -> bool:
    """Return whether the names agree, or the issuer where one has no name; never where the kinds of security differ."""
    if listed.isin[:2] == stock.isin[:2] and _kind_of(listed.isin) != _kind_of(stock.isin):
        return False
    if listed.name and stock.name:
        return _is_named_alike(listed, stock)
    length = 0 if stock.isin.startswith(FUNDS) else ISSUER_LENGTHS.get(stock.isin[:2], 0)
    return bool(length and listed.isin[:length] == stock.isin[:length])


def _kind_of(isin: str) -> str:
    """Return what an ISIN says of the kind of security; it can be compared with those of the same country only.

    India: the kind of issuer, and after the issuer the kind, 01 for shares and 07 for bonds (NSDL). The United States
    and Canada: letters in the number of the issue are for bonds (CUSIP). Empty for other countries.
    """
    if isin.startswith("IN"):
        return isin[2] if isin.startswith(FUNDS) else isin[2] + isin[7:9]
    if isin[:2] in ("US", "CA"):
        return "share" if isin[8:10].isdigit() else "bond"
    return ""


def _is_named_alike(listed: ListedStock, stock: Stock) -> bool:
    return bool(stock.name) and fold_name(listed.name) == fold_name(stock.name)
