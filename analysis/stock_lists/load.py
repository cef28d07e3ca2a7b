"""Load: import lists of stocks, repeatedly, into the stock directory and its indexes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import batched
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from analysis.db import transactional
from analysis.models import DemoRemoval, Index, IndexMember, PriceHistory, PriceSourceName, Stock
from analysis.prices.demo_companies import COMPANIES
from analysis.prices.pacer import Pacer
from analysis.prices.port import PriceError
from analysis.prices.tickers import is_well_formed, suffix_of
from analysis.prices.yahoo_listing import ListedStock, fetch_listing
from analysis.prices.yahoo_session import YahooSession
from analysis.rejections import RequestRejected
from analysis.request_pace import YAHOO_PACER
from analysis.stock_lists.files import read_list
from analysis.stock_lists.isins import find_renames, follow_former_tickers, settle_isins
from analysis.stock_lists.renames import rename_stocks

AT_ONCE = 250  # stocks in one transaction
DEMO_INDEX = "Demo market"
REMOVED = "The demo market was removed from this installation; `load_demo --again` brings it back."
BEING_REMOVED = "The demo market is still being removed; try again in a minute."
FEW = 10  # as many stocks may leave a list without a question
UPDATED_FIELDS = ("name", "exchange", "currency", "industry", "isin")


@dataclass(slots=True)
class ImportResult:
    """The numbers of stocks that an import changed; `problems` are sentences that name list and line.

    `news` are sentences about tickers and ISINs that changed, `questions` about those that may have, with what to do.
    """

    added: int = 0
    updated: int = 0
    deactivated: int = 0
    problems: list[str] = field(default_factory=list)
    news: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def load_stocks(file: Path, *, suffix: str | None = None, index: str = "") -> ImportResult:
    """Add and update stocks from a CSV file, whose list is called `index`, or like the file.

    A broken row is reported and the others are used. Raise RequestRejected if the file is unreadable or has no tickers.
    """
    stocks = read_list(file, suffix, settings.DEFAULT_EXCHANGE)
    done = _update_index(index.strip() or file.stem, stocks.stocks, stocks.problems)
    done.news[:0] = stocks.news
    return done


def load_from_yahoo(region: str, *, pacer: Pacer = YAHOO_PACER) -> ImportResult:
    """Add and update the equities that Yahoo's screener finds in a region, like `in`.

    Raise RequestRejected for a region that Yahoo does not know, and if Yahoo does not return all of them.
    """
    session = YahooSession(settings.YAHOO_URL, pacer=pacer)
    try:
        listed = fetch_listing(region, session, settings.DATA_DIR / "yfinance")
    except ValueError:
        raise RequestRejected(f"“{region}” is not a region of Yahoo's screener; in, us and gb are.") from None
    except PriceError as error:
        raise RequestRejected(f"{error} Nothing was changed.") from None
    strange = [one.ticker for one in listed if not is_well_formed(one.ticker)]
    if not len(listed) > len(strange):
        raise RequestRejected(f"Yahoo's screener found no stocks in “{region}”.")
    good = [one for one in listed if is_well_formed(one.ticker)]
    return _update_index(f"Yahoo {region}", good, [f"Yahoo: “{ticker[:30]}” is not a ticker." for ticker in strange])


def load_demo_market(*, again: bool = False) -> list[str]:
    """Add the demo market's companies, or update their names. Return their tickers in the market's order.

    Raise RequestRejected if it was removed for good, unless `again` brings it back.
    """
    if again:
        DemoRemoval.objects.exclude(completed_at=None).delete()
    if DemoRemoval.objects.exists():
        raise RequestRejected(BEING_REMOVED if again else REMOVED)
    listed = [ListedStock(company.ticker, name=company.name, industry=company.industry) for company in COMPANIES]
    _update_index(DEMO_INDEX, listed, [])
    return [one.ticker for one in listed]


def _update_index(name: str, listed: Sequence[ListedStock], problems: list[str]) -> ImportResult:
    """Store the listed stocks as the members of an index; nothing is deleted, and no name by an empty one.

    Stocks that left the index and are in no other become inactive, unless the list has problems: then it is incomplete.
    """
    done = ImportResult(problems=problems)
    index, _ = Index.objects.update_or_create(name=name[:100], defaults={"loaded_at": timezone.now()})
    current = follow_former_tickers(listed)
    asked = _apply_renames(current.rows, done)
    settled = settle_isins(current.rows, asked)
    done.news += current.news + settled.news
    done.questions += current.questions + settled.questions
    members = set(IndexMember.objects.filter(index=index).values_list("stock_id", flat=True))
    for some in batched(sorted(_without_shared_isins(settled.rows), key=lambda one: one.ticker), AT_ONCE):
        added = _store_members(index, some)
        done.added += added
        done.updated += len(some) - added
    if done.problems:
        return done
    gone = members - asked - {one.ticker for one in current.rows} - current.left_out
    if len(gone) > max(len(members) / 2, FEW):
        done.problems.append(
            f"{name}: {len(gone):,} of {len(members):,} stocks are no longer in it; a list that lost more than half is"
            " taken for incomplete, and none of them was made inactive."
        )
    else:
        done.deactivated = _remove_members(index, gone)
    return done


def _without_shared_isins(listed: Sequence[ListedStock]) -> list[ListedStock]:
    """Return the rows without ISINs that several tickers of one exchange have, of which one is wrong."""
    counts = Counter((one.isin, suffix_of(one.ticker)) for one in listed)
    return [replace(one, isin="") if counts[one.isin, suffix_of(one.ticker)] > 1 else one for one in listed]


def _apply_renames(listed: Sequence[ListedStock], done: ImportResult) -> set[str]:
    """Move what belongs to tickers that changed, and ask about those that are not certain or in work.

    Return the tickers that are asked about.
    """
    asked: set[str] = set()
    for group in find_renames(listed):
        question = group.question
        if not question:
            try:
                done.news += rename_stocks(group.renames)
            except RequestRejected as rejection:
                question = f"{rejection} Load the list again later."
        if question:
            done.questions.append(question)
            asked.update(ticker for rename in group.renames for ticker in (rename.old, rename.new))
    return asked


@transactional
def _store_members(index: Index, listed: Sequence[ListedStock]) -> int:
    """Add or update these stocks as members of the index; new members become active. Return how many stocks are new."""
    tickers = [one.ticker for one in listed]
    Stock.objects.lock(tickers)
    known = Stock.objects.in_bulk(tickers)
    members = set(IndexMember.objects.filter(index=index, stock__in=tickers).values_list("stock_id", flat=True))
    histories = PriceHistory.objects.filter(stock__in=tickers, source=PriceSourceName.YAHOO)
    reported = set(histories.values_list("stock_id", flat=True))
    Stock.objects.bulk_create(
        [_updated_stock(one, known.get(one.ticker), is_reported=one.ticker in reported) for one in listed],
        update_conflicts=True,
        unique_fields=["ticker"],
        update_fields=UPDATED_FIELDS,
    )
    newcomers = [ticker for ticker in tickers if ticker not in members]
    IndexMember.objects.bulk_create(
        [IndexMember(index=index, stock_id=ticker) for ticker in newcomers], ignore_conflicts=True
    )
    Stock.objects.filter(pk__in=newcomers, is_active=False).update(is_active=True)
    Stock.objects.unconfirmed().filter(pk__in=tickers).update(is_confirmed=True, refusals=0, named_by=None)
    return len(tickers) - len(known)


def _updated_stock(listed: ListedStock, known: Stock | None, *, is_reported: bool) -> Stock:
    """Return a stock with what a list says of it; a currency that a source reported counts more."""
    before = known or Stock.of_ticker(listed.ticker)
    return Stock(
        ticker=listed.ticker,
        kind=before.kind,
        decimals=before.decimals,
        name=(listed.name or before.name)[:200],
        industry=(listed.industry or before.industry)[:100],
        exchange=before.exchange,
        currency=before.currency if is_reported else listed.currency or before.currency,
        isin=listed.isin or before.isin,
    )


@transactional
def _remove_members(index: Index, tickers: set[str]) -> int:
    """Remove these stocks from the index; those that are in no other become inactive. Return how many did."""
    Stock.objects.lock(tickers)
    IndexMember.objects.filter(index=index, stock__in=tickers).delete()
    return Stock.objects.active().filter(pk__in=tickers, memberships=None).update(is_active=False)
