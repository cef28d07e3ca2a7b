"""The API of a user's watchlists: read and change them, by the rules of the page."""

from datetime import datetime
from typing import Annotated, Any

from django.db import IntegrityError
from django.db.models import Count
from django.http import Http404
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema, Status

from analysis.api.pages import Page, PageQuery, page_of
from analysis.api.problems import READ_PROBLEMS, WRITE_PROBLEMS, InvalidInput, Problem
from analysis.api.stocks import StockOut
from analysis.api.values import SPELLING, Payload, Ticker, WholeText
from analysis.directory import check_symbols
from analysis.models import FormerTicker
from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request
from watchlist import changes, services
from watchlist.forms import NameForm
from watchlist.models import ListChange, Watchlist, WatchlistItem

router = Router(tags=["Watchlists"])

ListId = Annotated[int, Field(ge=1, le=2**63 - 1)]


class WatchlistOut(Schema):
    id: int
    name: str
    stock_count: int


class ItemOut(Schema):
    note: str
    added_at: datetime
    stock: StockOut


class WatchlistWithStocks(WatchlistOut):
    stocks: Page[ItemOut]


class NameIn(Payload):
    name: WholeText = Field(json_schema_extra={"minLength": 1, "maxLength": 60, "examples": ["Banks"]})


class TickerIn(Payload):
    ticker: str = Field(json_schema_extra=SPELLING)


class TickersIn(Payload):
    tickers: list[Ticker] = Field(min_length=1, max_length=services.MOST_STOCKS)


class TransferIn(TickersIn):
    target: ListId = Field(description="The number of another of your lists.")


class ChangeOut(Schema):
    """The stocks that were removed, moved or copied, in their order; those not on the list are left as they were."""

    tickers: list[str]
    already_on_target: list[str]
    not_on_list: list[str]


class AddedStockOut(Schema):
    """`note` says why a stock's first analysis has to wait; usually it is empty."""

    ticker: str
    is_new: bool
    note: str


@router.get("/watchlists", response={200: Page[WatchlistOut], READ_PROBLEMS: Problem})
def list_watchlists(request: Request, paging: Query[PageQuery]) -> Any:
    """Return your lists, in your order."""
    return page_of(_own_lists(request), paging, "position", "pk")


@router.post("/watchlists", response={201: WatchlistOut, WRITE_PROBLEMS: Problem})
def create_watchlist(request: Request, payload: NameIn) -> Any:
    """Create a list behind your others."""
    form = NameForm(payload.dict(), instance=Watchlist(owner_id=int(request.user.pk or 0)))
    return Status(201, _save_list(request, form, services.create))


@router.get(
    "/watchlists/{watchlist_id}",
    response={200: WatchlistWithStocks, READ_PROBLEMS: Problem},
)
def get_watchlist(request: Request, watchlist_id: ListId, paging: Query[PageQuery]) -> Any:
    """Return one list with a page of its stocks in their order, each with its last result.

    Results are as rated by the strategy of your account.
    """
    watchlist = _get_list(request, watchlist_id)
    items = WatchlistItem.objects.for_page(request.user.strategy).filter(watchlist=watchlist)
    page = page_of(items, paging, "position", "pk")
    for item in page["items"]:
        item.stock.rating = item.rating
    stocks = Page[ItemOut].model_validate(page, context={"request": request})
    return WatchlistWithStocks.model_construct(**dict(WatchlistOut.from_orm(watchlist)), stocks=stocks)


@router.patch("/watchlists/{watchlist_id}", response={200: WatchlistOut, WRITE_PROBLEMS: Problem})
def rename_watchlist(request: Request, watchlist_id: ListId, payload: NameIn) -> Any:
    """Rename a list."""
    form = NameForm(payload.dict(), instance=_get_list(request, watchlist_id))
    return _save_list(request, form, services.rename)


@router.delete("/watchlists/{watchlist_id}", response={204: None, WRITE_PROBLEMS: Problem})
def delete_watchlist(request: Request, watchlist_id: ListId) -> Any:
    """Delete a list; its stocks and their results stay."""
    services.delete(_get_list(request, watchlist_id))
    return Status(204, None)


@router.post(
    "/watchlists/{watchlist_id}/stocks",
    response={201: AddedStockOut, 200: AddedStockOut, WRITE_PROBLEMS: Problem},
)
def add_to_watchlist(request: Request, watchlist_id: ListId, payload: TickerIn) -> Any:
    """Add a stock to the end of a list (201), unless it is on it already (200). A new stock's first analysis begins."""
    watchlist = _get_list(request, watchlist_id)
    try:
        [ticker], note = check_symbols([payload.ticker], request.user.bare_exchange), ""
    except RequestRejected as rejection:
        raise InvalidInput({"ticker": [str(rejection)]}) from None
    result = services.add_all(watchlist, {ticker: ""})
    try:
        if result.added:
            services.analyze_first(watchlist, result.added)
    except RequestRejected as rejection:
        note = f"It is not being analysed yet. {rejection}"
    [present], is_new = result.added or result.present, bool(result.added)
    return Status(201 if is_new else 200, AddedStockOut(ticker=present, is_new=is_new, note=note))


@router.post("/watchlists/{watchlist_id}/remove", response={200: ChangeOut, WRITE_PROBLEMS: Problem})
def remove_stocks(request: Request, watchlist_id: ListId, payload: TickersIn) -> Any:
    """Remove stocks from a list."""
    return _change_out(changes.remove(_get_list(request, watchlist_id), payload.tickers), payload.tickers)


@router.post("/watchlists/{watchlist_id}/move", response={200: ChangeOut, WRITE_PROBLEMS: Problem})
def move_stocks(request: Request, watchlist_id: ListId, payload: TransferIn) -> Any:
    """Move stocks with their notes to another of your lists. One that is there already keeps its note there."""
    watchlist, target = _get_list(request, watchlist_id), _get_list(request, payload.target)
    return _change_out(changes.move(watchlist, payload.tickers, target), payload.tickers)


@router.post("/watchlists/{watchlist_id}/copy", response={200: ChangeOut, WRITE_PROBLEMS: Problem})
def copy_stocks(request: Request, watchlist_id: ListId, payload: TransferIn) -> Any:
    """Copy stocks with their notes to another of your lists. One that is there already keeps its note there."""
    watchlist, target = _get_list(request, watchlist_id), _get_list(request, payload.target)
    return _change_out(changes.copy(watchlist, payload.tickers, target), payload.tickers)


@router.delete(
    "/watchlists/{watchlist_id}/stocks/{ticker}",
    response={204: None, WRITE_PROBLEMS: Problem},
)
def remove_from_watchlist(request: Request, watchlist_id: ListId, ticker: Ticker) -> Any:
    """Remove a stock from a list; 404 if it is not on it."""
    if not changes.remove(_get_list(request, watchlist_id), [ticker]).rows:
        raise Http404
    return Status(204, None)


def _change_out(change: ListChange, tickers: list[str]) -> ChangeOut:
    rows = changes.rows_of(change)
    done = {row.ticker for row in rows}
    present = FormerTicker.objects.present_tickers(tickers)
    return ChangeOut(
        tickers=[row.ticker for row in rows],
        already_on_target=[row.ticker for row in rows if row.was_there],
        not_on_list=[ticker for ticker in dict.fromkeys(tickers) if present.get(ticker, ticker) not in done],
    )


def _own_lists(request: Request) -> Any:
    return Watchlist.objects.of(request.user).annotate(stock_count=Count("items"))


def _get_list(request: Request, pk: int) -> Any:
    return get_object_or_404(_own_lists(request), pk=pk)


def _save_list(request: Request, form: NameForm, act: Any) -> Any:
    if not form.is_valid():
        raise InvalidInput.of(form)
    try:
        act(form.instance)
    except IntegrityError:  # the same name came in twice at once
        raise InvalidInput({"name": [f"You have a list called “{form.instance.name}” already."]}) from None
    return _get_list(request, form.instance.pk)
