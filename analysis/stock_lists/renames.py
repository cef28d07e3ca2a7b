"""Renames: a share whose ticker changed while its ISIN stayed keeps its lists, notes, results and prices."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Field, ManyToOneRel, Model, UniqueConstraint

from analysis.db import transactional
from analysis.models import JobDetail, PriceHistory, Result, Stock, StockStatus
from analysis.prices.tickers import suffix_of
from analysis.prices.yahoo_listing import ListedStock
from analysis.rejections import RequestRejected

NOTE = "note"  # the text that a person wrote beside a stock
_LAST = ("last_status", "last_job_id", "last_result_id", "last_analyzed_at", "last_error")


@dataclass(frozen=True, slots=True)
class Rename:
    """A ticker that became another one, with the ISIN of both."""

    old: str
    new: str
    isin: str = ""

    @property
    def is_certain(self) -> bool:
        """Return whether the new ticker has nothing of its own that could be of another share."""
        models: Iterable[Any] = (Result, PriceHistory, JobDetail)
        return not any(model.objects.filter(stock=self.new).exists() for model in models)

    @property
    def offer(self) -> str:
        return (
            f"{self.old} and {self.new} have the same ISIN, {self.isin}, and both have been analysed. If {self.old} "
            f"was renamed, move its lists, notes, results and prices: load_stocks --rename {self.old}={self.new}"
        )


def find_renames(listed: Sequence[ListedStock]) -> list[Rename]:
    """Return the renames that a list tells: a known stock of the same exchange and ISIN whose ticker is not in it."""
    counts = Counter(one.isin for one in listed if one.isin)
    tickers_by_isin = {one.isin: one.ticker for one in listed if counts[one.isin] == 1}
    tickers = {one.ticker for one in listed}
    known = Stock.objects.filter(isin__gt="", is_confirmed=True).order_by("pk").values_list("pk", "isin")
    pairs = [
        Rename(old, tickers_by_isin[isin], isin)
        for old, isin in known
        if isin in tickers_by_isin and old not in tickers and suffix_of(old) == suffix_of(tickers_by_isin[isin])
    ]
    several = Counter(rename.new for rename in pairs)
    return [rename for rename in pairs if several[rename.new] == 1]


@transactional
def rename_stock(rename: Rename) -> str:
    """Move everything that is of the old ticker to the new one, and delete the old stock. Return a sentence about it.

    What both have is kept once: the new ticker's result of a day and its price history, and an entry of a list with
    both notes. Raise RequestRejected if there is no such stock, or while either is being analysed.
    """
    # In the order of all locks: details, then stocks.
    details = JobDetail.objects.filter(stock__in=(rename.old, rename.new))
    list(details.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    old = _lock_pair(rename)
    if details.unfinished().exists():
        raise RequestRejected(f"{rename.old} or {rename.new} is being analysed. Rename it when that has ended.")
    moved = [_move_rows(field, rename) for field in _references_to_stocks()]
    new = Stock.objects.get(pk=rename.new)
    if new.last_status == StockStatus.NEVER:
        Stock.objects.filter(pk=new.pk).update(**{name: getattr(old, name) for name in _LAST})
    newest = Result.objects.completed().filter(stock=new).order_by("-day").first()
    Stock.objects.filter(pk=new.pk).update(last_result=newest)
    Stock.objects.filter(pk=rename.old).delete()
    about = f" (ISIN {rename.isin})" if rename.isin else ""
    rows = f"{sum(moved):,} row{'' if sum(moved) == 1 else 's'}"
    return f"{rename.old} is {rename.new} now{about}: lists, notes, results and prices were moved, {rows}."


def _lock_pair(rename: Rename) -> Stock:
    """Lock both stocks and return the old one; create the new one if it is missing."""
    old = Stock.objects.filter(pk=rename.old).first()
    if old is None or rename.old == rename.new:
        raise RequestRejected(f"There is no stock {rename.old} to be renamed.")
    if not Stock.objects.filter(pk=rename.new).exists():
        new = Stock.of_ticker(rename.new)
        new.name, new.industry, new.isin = old.name, old.industry, old.isin
        new.currency, new.is_active, new.is_confirmed = old.currency, old.is_active, old.is_confirmed
        Stock.objects.bulk_create([new], ignore_conflicts=True)
    Stock.objects.lock([rename.old, rename.new])
    return Stock.objects.get(pk=rename.old)


def _references_to_stocks() -> Iterator["Field[Any, Any]"]:
    """Yield the foreign keys of all models that point to a stock, those without a name for the way back included."""
    for relation in Stock._meta.get_fields(include_hidden=True):
        if isinstance(relation, ManyToOneRel):
            yield relation.field


def _move_rows(field: "Field[Any, Any]", rename: Rename) -> int:
    """Move the rows of one model, but for those of which the new ticker has its own. Return how many moved."""
    rows: Any = field.model._default_manager
    mine = {_key_of(row, field): row for row in rows.filter(**{field.name: rename.new}).only(*_columns(field))}
    for row in list(rows.filter(**{field.name: rename.old}).only(*_columns(field))):
        key = _key_of(row, field)
        if key and key in mine:
            _keep_note(mine[key], row)
            row.delete()
    return int(rows.filter(**{field.name: rename.old}).update(**{field.name: rename.new}))


def _columns(field: "Field[Any, Any]") -> list[str]:
    names = {each.name for each in field.model._meta.concrete_fields}
    return ["pk", field.name, *_unique_beside(field), *({NOTE} & names)]


def _unique_beside(field: "Field[Any, Any]") -> tuple[str, ...]:
    """Return the columns that are unique together with the stock; none if a stock may have any number of rows."""
    constraints = (each for each in field.model._meta.constraints if isinstance(each, UniqueConstraint))
    found = next((each.fields for each in constraints if field.name in each.fields), ())
    return tuple(name for name in found if name != field.name)


def _key_of(row: Model, field: "Field[Any, Any]") -> tuple[object, ...]:
    return tuple(row.serializable_value(name) for name in _unique_beside(field))


def _keep_note(kept: Model, dropped: Model) -> None:
    """Add the note of an entry that is deleted to the one that is kept."""
    ours, theirs = (str(getattr(row, NOTE, "")) for row in (kept, dropped))
    if theirs and theirs not in ours:
        longest = kept._meta.get_field(NOTE).max_length  # type: ignore[union-attr]
        setattr(kept, NOTE, (f"{ours}; {theirs}" if ours else theirs)[:longest])
        kept.save(update_fields=[NOTE])
