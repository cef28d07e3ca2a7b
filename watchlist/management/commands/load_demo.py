"""`manage.py load_demo`: the demo market of fictional companies, and a user to look at it with."""

from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.jobs.submit import submit
from analysis.management.jobs import BAD_INPUT
from analysis.models import Source
from analysis.rejections import RequestRejected
from analysis.stock_lists.load import load_demo_market
from stockapp.accounts.models import User
from watchlist.models import Watchlist, WatchlistItem

LIST = "Demo market"
SHOWN = "analysis"  # in the admin; lists, screens, tokens and messages belong to other users


class Command(BaseCommand):
    help = "Load the demo market: fictional companies with generated prices, for a first run without a network."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--user",
            metavar="USERNAME",
            help="Also make this demo account (password: the same word), with a watchlist of the demo market and its "
            "first analysis. It works only while DEBUG is on.",
        )

        parser.add_argument("--again", action="store_true", help="Bring the demo market back after `remove_demo`.")

    def handle(self, *args: object, user: str | None, again: bool, **options: object) -> None:
        if user and not settings.DEBUG:
            raise CommandError("A demo user has a known password: only while DEBUG is on.", returncode=BAD_INPUT)
        try:
            tickers = load_demo_market(again=again)
        except RequestRejected as rejection:  # no failure, because `make run` goes on without the demo market
            self.stdout.write(str(rejection))
        else:
            self.stdout.write(f"The demo market has {len(tickers)} companies.")
            if user:
                self._make_user(user, tickers)
        if user:
            self.stdout.write(_login_hint(user))

    def _make_user(self, name: str, tickers: list[str]) -> None:
        users = User.objects
        rights = Permission.objects.filter(codename__startswith="view_", content_type__app_label=SHOWN)
        if existing := users.filter(username=name).first():
            if existing.is_demo:
                existing.user_permissions.set(rights)
            return
        owner = users.create_user(username=name, password=name, is_staff=True, is_demo=True)
        owner.user_permissions.set(rights)
        watchlist = Watchlist.objects.create(owner=owner, name=LIST)
        WatchlistItem.objects.bulk_create(
            WatchlistItem(watchlist=watchlist, stock_id=ticker, position=n) for n, ticker in enumerate(tickers)
        )
        submission = submit(tickers, source=Source.DEMO, requested_by=owner, description="First analysis")
        self.stdout.write(f"User {name} watches them; their first analysis is job {submission.job.pk}.")


def _login_hint(name: str) -> str:
    """Return how to log in: with the demo account if there is one, else with an account of one's own."""
    if any(user.can_log_in for user in User.objects.filter(username=name, is_demo=True)):
        return f"Login: {name}   Password: {name}"
    return "Log in with your own account; `manage.py createsuperuser` creates one if you have none."
