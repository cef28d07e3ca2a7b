"""Every page: its address, who sees it, and what is done there first; tests and screenshots walk them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from analysis.models import DetailStatus, Job, JobDetail, PriceHistory, Stock, StockStatus, Worker
from analysis.tests.make import make_finished_job, make_job, store_events
from analysis.worker.claim import claim
from stockapp.accounts.models import ApiToken, User
from stockapp.accounts.tokens import create_token
from stockapp.digest.compose import confirmation_address, unsubscribe_address
from stockapp.digest.subscriptions import subscribe
from watchlist.models import Screen, Watchlist

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
PARTS = ("watchlists", "stocks", "jobs", "screener", "account", "failures")

GONE = "VANQUAY.DEMO"
UNREAD = "NALANDA.DEMO"  # no real one, beside which the demo market would be left out
UNKNOWN = "RELAINCE.NS"
PAYING = "QUILLMERE.DEMO"
RUNNING = ("KAVERI.DEMO", "MEGHAYAN.DEMO", "NILGAON.DEMO", "PRAVAHINI.DEMO", "SURYAVANA.DEMO", "VAJRASTHAN.DEMO")
WAITING = ("TRISHANKU.DEMO", "INDRAKOT.DEMO")


@dataclass(frozen=True)
class Visit:
    """A page, named as its picture is; `who` looks at it (None is nobody), `act` leads from its address to it."""

    name: str
    address: str
    who: User | None
    status: int = 200
    act: Callable[[Page], None] | None = None
    part_status: int = 200  # of the part of the page that `act` requests


def furnish(owner: User, newcomer: User, first: Job) -> dict[str, list[Visit]]:
    """Add to an analysed demo market what else there is to see, and name every page of each part.

    `first` is the job that analysed it. Jobs that are added stand still: nobody serves them.
    """
    Worker.objects.create(host="here", pid=1, seen_at=timezone.now() + timedelta(hours=1))
    Stock.objects.create(
        ticker=UNREAD, name="Nalanda Paper Mills", exchange="DEMO-IN", currency="INR", industry="Paper"
    )
    Stock.objects.create(
        ticker=UNKNOWN,
        exchange="NSE",
        currency="INR",
        is_confirmed=False,
        refusals=3,
        last_status=StockStatus.FAILED,
        last_analyzed_at=timezone.now() - timedelta(hours=2),
        last_error=f"Yahoo has no prices for the symbol {UNKNOWN}: it is unknown there, or no longer listed.",
    )
    _pay_dividends(PAYING)
    watched = owner.watchlists.first() or _watchlist(owner)
    owner.watchlists.create(name="Long term", position=1)
    watched.items.filter(stock="KAVERI.DEMO").update(note="Results on the 28th; stop below the last low.")
    create_token(ApiToken(user=owner, name="Spreadsheet", expires_at=timezone.now() + timedelta(days=90)))
    create_token(ApiToken(user=owner, name="Nightly export", expires_at=timezone.now() + timedelta(days=365)))
    keeper = User.objects.create_user("keeper", is_staff=True, is_superuser=True)
    screen = Screen.objects.create(owner=owner, name="To buy", query="verdict=strong_buy&verdict=buy")
    failed = make_finished_job(GONE, requested_by=owner, description="One stock")
    running = make_job(*RUNNING, requested_by=owner, description="Six of the list")
    _do_half(running)
    queued = make_job(*WAITING, requested_by=owner, description="Two of the list")
    Job.objects.filter(pk=queued.pk).update(progress_at=timezone.now() + timedelta(hours=1))
    digest = subscribe(owner, email="ann@example.org", by_email=True, url="").subscription
    lists = watched.get_absolute_url()
    stock = reverse("analysis:stock", args=["MERUVANTA.DEMO"])
    return {
        "watchlists": [
            Visit("watchlist", lists, owner),
            Visit("watchlist-open-row", lists, owner, act=open_row),
            Visit("watchlist-selected", lists, owner, act=open_transfer),
            Visit("watchlist-nothing-matches", f"{lists}?q=nothing", owner),
            Visit("watchlist-empty", "/", newcomer),
            Visit("import", reverse("watchlist:import", args=[watched.pk]), owner),
            Visit("import-preview", reverse("watchlist:import", args=[watched.pk]), owner, act=preview_import),
            Visit(
                "import-column", reverse("watchlist:import", args=[watched.pk]), owner, act=ask_for_column, status=422
            ),
            Visit("watchlist-add-several", lists, owner, act=add_several, part_status=422),
            Visit("delete-list", reverse("watchlist:delete", args=[watched.pk]), owner),
        ],
        "stocks": [
            Visit("stock", stock, owner, act=wait_for_chart),
            Visit("stock-with-dividends", reverse("analysis:stock", args=[PAYING]), owner, act=show_events),
            Visit("stock-with-indicator", stock, owner, act=add_indicator),
            Visit("stock-failed", reverse("analysis:stock", args=[GONE]), owner),
            Visit("stock-no-history", reverse("analysis:stock", args=[UNREAD]), owner),
            Visit("stock-not-confirmed", reverse("analysis:stock", args=[UNKNOWN]), owner),
            Visit("search", f"{reverse('analysis:stock_search')}?q=ka", owner),
            Visit("search-nothing", f"{reverse('analysis:stock_search')}?q=zzqq", owner),
            Visit("strategies", reverse("analysis:strategies"), owner),
            Visit("track-record", reverse("analysis:track_record"), owner),
        ],
        "jobs": [
            Visit("jobs", reverse("analysis:jobs"), owner),
            Visit("job-running", running.get_absolute_url(), owner),
            Visit("job-queued", queued.get_absolute_url(), owner),
            Visit("job-finished", first.get_absolute_url(), owner),
            Visit("job-failed", failed.get_absolute_url(), owner, act=open_failures),
            Visit("bulk", reverse("analysis:confirm_bulk"), owner),
            Visit("remove-demo", reverse("watchlist:remove_demo"), keeper),
        ],
        "screener": [
            Visit("screener", reverse("screener:screener"), owner),
            Visit("screener-filters", reverse("screener:screener"), owner, act=open_filters),
            Visit("screener-saved", screen.get_absolute_url(), owner),
            Visit("screener-nothing-matches", f"{reverse('screener:screener')}?verdict=sell&score_min=90", owner),
        ],
        "account": [
            Visit("login", reverse("login"), None),
            Visit("account", reverse("accounts:account"), owner),
            Visit("account-menu", reverse("analysis:jobs"), owner, act=open_menu),
            Visit("keys", reverse("accounts:account"), owner, act=open_keys),
            Visit("digest", reverse("digest:settings"), owner),
            Visit("new-token", reverse("accounts:new_token"), owner),
            Visit("token-shown-once", reverse("accounts:new_token"), owner, act=name_token, status=201),
            Visit("password", reverse("password_change"), owner),
            Visit("confirm-address", urlsplit(confirmation_address(digest)).path, None),
            Visit("unsubscribe", urlsplit(unsubscribe_address(digest)).path, None),
            Visit("api-docs", "/api/docs", owner, act=wait_for_operations),
        ],
        "failures": [
            Visit("not-found", "/nowhere/", owner, status=404),
            Visit("forbidden", reverse("analysis:confirm_bulk"), newcomer, status=403),
            Visit("out-of-date", reverse("password_change"), owner, status=403, act=send_out_of_date_form),
            Visit("bad-link", reverse("digest:unsubscribe", args=["nonsense"]), None, status=404),
        ],
    }


def _watchlist(owner: User) -> Watchlist:
    watchlist = Watchlist.objects.create(owner=owner, name="Demo market")
    for n, stock in enumerate(Stock.objects.demo().exclude(pk=UNREAD)):
        watchlist.items.create(stock=stock, position=n)
    return watchlist


def _pay_dividends(ticker: str) -> None:
    """Dividends in each quarter and a split, as Yahoo tells of them; the demo market itself has neither."""
    days = PriceHistory.objects.get(stock=ticker).unpack().session.tolist()
    store_events(
        ticker,
        dividends=dict.fromkeys(days[40::62], 0.24),
        splits={days[-100]: 2.0},
        exchange_name="NasdaqGS",
        first_trade_date="1986-03-13",
    )


def _do_half(job: Job) -> None:
    """As a worker leaves it in the middle: every second stock is done, the others are in hand."""
    lease = claim(job.pk, job.pk)
    assert lease is not None
    now = timezone.now()
    done = lease.details[::2]
    for detail in done:
        last = detail.stock.last_result
        assert last is not None
        rating = last.ratings.get()
        JobDetail.objects.filter(pk=detail.pk).update(
            status=DetailStatus.COMPLETED, lease_token=None, lease_until=None, completed_at=now, result=last,
            day=last.day, score=rating.score, verdict=rating.verdict, raw_verdict=rating.raw_verdict,
        )  # fmt: skip
    Stock.objects.filter(details__in=done).update(last_status="completed")
    job.details.filter(status=DetailStatus.PROCESSING).update(lease_until=now + timedelta(hours=1))
    Job.objects.filter(pk=job.pk).update(
        completed_count=len(done), started_at=now - timedelta(seconds=4), progress_at=now + timedelta(hours=1)
    )


def open_row(page: Page) -> None:
    page.get_by_role("button", name="More of KAVERI.DEMO").click()
    expect(page.get_by_label("Note", exact=True)).to_be_visible()


def show_events(page: Page) -> None:
    wait_for_chart(page)
    page.locator("summary", has_text="Dividends and splits").click()
    expect(page.get_by_role("cell", name="Split 2:1")).to_be_visible()


def open_transfer(page: Page) -> None:
    for ticker in ("KAVERI.DEMO", "MERUVANTA.DEMO"):
        page.get_by_role("checkbox", name=f"Select {ticker}").check()
    page.get_by_role("button", name="Move or copy selected").click()
    expect(page.get_by_label("To the list")).to_be_visible()


def preview_import(page: Page) -> None:
    page.get_by_label("Tickers", exact=True).fill(f"KAVERI.DEMO, {UNREAD}, TCS.NS, BRK.B, XYZ\nnot/a/ticker")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="Preview")).to_be_visible()


def ask_for_column(page: Page) -> None:
    page.get_by_label("Tickers", exact=True).fill("Paper;Pieces;Price\nSAP.DE;10;240.10\nBMW.DE;5;80.20\n")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_label("Column of the tickers")).to_be_visible()


def add_several(page: Page) -> None:
    page.get_by_label("Tickers or names to add").fill("TCS, INFY, 500325")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("button", name="INFY.NS NSE")).to_be_visible()


def wait_for_chart(page: Page) -> None:
    expect(page.locator("#chart canvas").first).to_be_visible()


def add_indicator(page: Page) -> None:
    wait_for_chart(page)
    if not page.get_by_role("button", name="Remove RSI 14").is_visible():
        page.get_by_role("combobox", name="Indicator to add").fill("rsi")
        page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("[data-values] b").first).to_be_visible(timeout=40_000)


def open_failures(page: Page) -> None:
    page.locator(".failures summary").first.click()


def open_filters(page: Page) -> None:
    sheet = page.get_by_role("button", name="Filters and columns")
    if sheet.is_visible():
        sheet.click()
    else:
        page.get_by_text("Columns", exact=True).click()


def open_menu(page: Page) -> None:
    page.get_by_label("Account of").click()


def open_keys(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def name_token(page: Page) -> None:
    ApiToken.objects.filter(name="Notebook").delete()
    page.get_by_label("Name", exact=True).fill("Notebook")
    page.get_by_role("button", name="Make the token").click()
    expect(page.locator(".token-key")).to_be_visible()


def wait_for_operations(page: Page) -> None:
    expect(page.locator(".opblock").first).to_be_visible()


def send_out_of_date_form(page: Page) -> None:
    page.context.clear_cookies(name="csrftoken")
    for label in ("Old password", "New password", "New password confirmation"):
        page.get_by_label(label, exact=True).fill("correct horse battery")
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page.get_by_role("heading", name="The page is out of date")).to_be_visible()
