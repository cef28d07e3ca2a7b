"""Renames: a share whose ticker changed keeps its lists, notes, results and prices."""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

from django.conf import settings
from django.db.models import Field, ManyToManyRel, ManyToOneRel, Model, UniqueConstraint

from analysis.db import transactional
from analysis.models import FormerTicker, JobDetail, PriceHistory, QuietStock, Result, Stock, StockStatus
from analysis.prices.instruments import exchange_of
from analysis.prices.tickers import suffix_of
from analysis.rejections import RequestRejected

NOTE = "note"  # the text that a person wrote beside a stock
BETWEEN_NOTES = "; "
_SPARE = "~"  # no ticker: a stock is under it for a moment, where tickers go round in a ring
_LAST = ("last_status", "last_job_id", "last_analyzed_at", "last_error")
_DESCRIPTION = ("name", "industry", "isin", "exchange", "currency", "kind", "decimals", "source_decimals", "last_split")
_UNKNOWN: tuple[object, ...] = (None, "")  # and not 0, which some decimals are
_STANDING = ("is_active", "is_confirmed", "refusals", "named_by_id")


@dataclass(frozen=True, slots=True)
class Rename:
    """A ticker that became another one; `isin` is the ISIN that identified it, empty if it is renamed by hand."""

    old: str
    new: str
    isin: str = ""

    @property
    def option(self) -> str:
        """Return the option of the command that renames the stock, as a shell reads it."""
        return f"--rename {quote(f'{self.old}={self.new}')}"


@dataclass(slots=True)
class _MovedRows:
    """The numbers of rows that a rename moved, and of notes that were shortened because two had to fit into one.

    `owners` has, by model, the keys of what the moved rows are part of, as of lists and jobs.
    """

    rows: int = 0
    shortened: int = 0
    owners: dict[Any, set[object]] = dataclasses.field(default_factory=lambda: defaultdict(set))


@transactional
def rename_stocks(renames: Sequence[Rename]) -> list[str]:
    """Move everything that is of each old ticker to its new one, and delete the old stocks. Return sentences about it.

    All are renamed at once: with A to B and B to C, or A to B and B to A, the rows of each company stay together.

    Of one company what both tickers have is kept once: the new ticker's result of a day and its price history, and an
    entry of a list with both notes. Raise RequestRejected, and change nothing, if there is no such stock, while any is
    being analysed, and where a new ticker is of another exchange or of another company.
    """
    tickers = sorted({ticker for rename in renames for ticker in (rename.old, rename.new)})
    # In the order of all locks: details, then stocks.
    details = JobDetail.objects.filter(stock__in=tickers)
    list(details.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    Stock.objects.lock(tickers)
    _refuse_wrong(renames)
    if details.unfinished().exists():
        names = " or ".join(_names(renames))
        raise RequestRejected(f"{names} is being analysed and can be renamed when that has ended.")
    moved = {new: _move_stock(old, new) for old, new in _arrange_moves(renames)}
    _record_renames(renames, moved)
    return [_describe(rename, moved[rename.new]) for rename in renames]


def _refuse_wrong(renames: Sequence[Rename]) -> None:
    """Raise RequestRejected for a rename that cannot be, or that would mix two companies."""
    counts = Counter(rename.old for rename in renames) + Counter(f"={rename.new}" for rename in renames)
    if twice := [name.removeprefix("=") for name, count in counts.items() if count > 1]:
        raise RequestRejected(f"{twice[0]} is given twice. Rename one after the other.")
    stocks = Stock.objects.in_bulk([ticker for rename in renames for ticker in (rename.old, rename.new)])
    leaving = {rename.old for rename in renames}
    for rename in renames:
        old, new = stocks.get(rename.old), stocks.get(rename.new)
        if rename.old == rename.new:
            raise RequestRejected(f"Old and new ticker are the same: {rename.old}.")
        if old is None:
            raise RequestRejected(f"There is no stock {rename.old} to be renamed.")
        if suffix_of(rename.old) != suffix_of(rename.new):
            raise RequestRejected(f"{rename.old} and {rename.new} are of different exchanges, and so are their prices.")
        if new and rename.new not in leaving and new.isin and old.isin and new.isin != old.isin:
            raise RequestRejected(
                f"{rename.new} is another company: its ISIN is {new.isin}, that of {rename.old} is {old.isin}. Delete "
                "that stock or correct its ISIN in the admin first."
            )


def _record_renames(renames: Sequence[Rename], moved: Mapping[str, _MovedRows]) -> None:
    """Keep the former tickers, and relate them to what had the stocks under them, where a model has such a relation."""
    former_tickers = FormerTicker.objects.bulk_create(
        FormerTicker(ticker=one.old, stock_id=one.new, isin=one.isin, new_ticker=one.new) for one in renames
    )
    for relation in FormerTicker._meta.get_fields(include_hidden=True):
        if isinstance(relation, ManyToManyRel):
            for former in former_tickers:
                owners = moved[former.stock_id].owners[relation.field.model]
                getattr(former, str(relation.get_accessor_name())).add(*owners)


def _names(renames: Sequence[Rename]) -> list[str]:
    return list(dict.fromkeys(ticker for rename in renames for ticker in (rename.old, rename.new)))


def _arrange_moves(renames: Sequence[Rename]) -> Iterator[tuple[str, str]]:
    """Yield single moves in an order in which no stock meets one that has yet to move away."""
    waiting = {rename.old: rename.new for rename in renames}
    while waiting:
        ready = next((old for old, new in waiting.items() if new not in waiting), None)
        if ready is not None:
            yield ready, waiting.pop(ready)
        else:
            first = next(iter(waiting))
            waiting[_SPARE] = waiting.pop(first)
            yield first, _SPARE


def _move_stock(ticker: str, new_ticker: str) -> _MovedRows:
    """Move the rows of a stock to another ticker, whose stock is created if it is missing, and delete the old one."""
    old = Stock.objects.get(pk=ticker)
    copied = {name: getattr(old, name) for name in (*_DESCRIPTION, *_STANDING, *_LAST)}
    Stock.objects.bulk_create([Stock(ticker=new_ticker, **copied)], ignore_conflicts=True)
    new = Stock.objects.select_for_update(no_key=True).get(pk=new_ticker)
    _merge_stock(old, new)
    moved = _MovedRows()
    QuietStock.objects.filter(stock__in=(old, new)).delete()  # the source had nothing under the old ticker
    PriceHistory.objects.filter(stock__in=(old, new)).update(identity_change={})
    for field in _references_to_stocks():
        _move_rows(field, old, new, moved)
    newest = Result.objects.completed().filter(stock=new).order_by("-day").first()
    Stock.objects.filter(pk=new.pk).update(last_result=newest)
    Stock.objects.filter(pk=old.pk).delete()
    return moved


def _merge_stock(old: Stock, new: Stock) -> None:
    """Give the stock that is kept what only the other one has, as its ISIN, and of both the later state and split."""
    for name in _DESCRIPTION:
        if getattr(new, name) in _UNKNOWN:
            setattr(new, name, getattr(old, name))
    new.last_split = max(filter(None, (old.last_split, new.last_split)), default=None)
    new.is_active |= old.is_active
    if old.is_confirmed:
        new.is_confirmed, new.refusals, new.named_by_id = True, 0, None
    is_later = old.last_analyzed_at and (not new.last_analyzed_at or old.last_analyzed_at > new.last_analyzed_at)
    if new.last_status == StockStatus.NEVER or is_later:
        for name in _LAST:
            setattr(new, name, getattr(old, name))
    new.save(update_fields=[*_DESCRIPTION, *_STANDING, *_LAST])


def _references_to_stocks() -> Iterator["Field[Any, Any]"]:
    """Yield the foreign keys of all models that point to a stock, those without a name for the way back included."""
    for relation in Stock._meta.get_fields(include_hidden=True):
        if isinstance(relation, ManyToOneRel):
            yield relation.field


def _move_rows(field: "Field[Any, Any]", old: Stock, new: Stock, moved: _MovedRows) -> None:
    """Move the rows of one model, but for those of which the new ticker has its own, and count them."""
    rows: Any = field.model._default_manager
    mine = {_key_of(row, field): row for row in rows.filter(**{field.name: new.pk}).only(*_columns(field))}
    # Locked, so that what they are part of is not deleted before the rename is related to it.
    theirs = rows.filter(**{field.name: old.pk}).order_by("pk").select_for_update(no_key=True)
    for row in list(theirs.only(*_columns(field))):
        key = _key_of(row, field)
        for name in _unique_beside(field):
            moved.owners[field.model._meta.get_field(name).related_model].add(row.serializable_value(name))
        if key and key in mine:
            moved.shortened += _keep_note(mine[key], row)
            row.delete()
    moved.rows += int(rows.filter(**{field.name: old.pk}).update(**{field.name: new.pk}))


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


def _keep_note(kept: Model, dropped: Model) -> bool:
    """Add the note of an entry that is deleted to the one that is kept. Return whether not all of it fits."""
    ours, theirs = (str(getattr(row, NOTE, "")) for row in (kept, dropped))
    if not theirs or theirs in ours:
        return False
    longest: int = kept._meta.get_field(NOTE).max_length  # type: ignore[union-attr, assignment]
    setattr(kept, NOTE, join_notes(ours, theirs, longest))
    kept.save(update_fields=[NOTE])
    return len(ours) + len(theirs) + len(BETWEEN_NOTES) > longest


def join_notes(ours: str, theirs: str, longest: int) -> str:
    """Return two notes as one; what does not fit is left out where a sign at its end says so."""
    both = BETWEEN_NOTES.join(dict.fromkeys(filter(None, (ours, theirs))))
    return both if len(both) <= longest else f"{both[: longest - 1]}…"


def _describe(rename: Rename, moved: _MovedRows) -> str:
    about = f" (ISIN {rename.isin})" if rename.isin else ""
    rows = f"{moved.rows:,} row{'' if moved.rows == 1 else 's'}"
    parts = [f"{rename.old} is {rename.new} now{about}: lists, notes, results and prices were moved, {rows}."]
    if moved.shortened:
        notes = "1 note was" if moved.shortened == 1 else f"{moved.shortened:,} notes were"
        parts.append(f"{notes} shortened, because two did not fit into one.")
    if settings.PRICE_ORDER.of_exchange(exchange_of(rename.new), settings.PRICE_SOURCE)[0] == "csv":
        parts.append(f"From now on its prices are read from {rename.new}.csv.")
    return " ".join(parts)
