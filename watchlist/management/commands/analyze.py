"""`manage.py analyze`: submit the analysis of some stocks."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from analysis.directory import check_symbols, find_unplaced
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.jobs.estimate import estimate_rest
from analysis.jobs.runs import ALL, bulk_stocks, no_stocks_reason, submit_run
from analysis.jobs.submit import Submission, submit
from analysis.management.jobs import BAD_INPUT, add_wait_arguments, follow_jobs, parse_day
from analysis.models import Index, Source
from analysis.rejections import RequestRejected
from stockapp.accounts.models import User
from watchlist.models import Watchlist


class Command(BaseCommand):
    help = "Analyse stocks: the tickers given, a user's watchlist, an index, or all active stocks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tickers", nargs="*", help="Yahoo symbols, like TCS.NS or AAPL.")
        parser.add_argument("--watchlist", metavar="NAME", help="The stocks of this watchlist of --user.")
        parser.add_argument("--user", metavar="USERNAME", help="Whose watchlist, and who asks.")
        parser.add_argument("--index", metavar="NAME", help="The active stocks of an index, like “NIFTY 500”.")
        parser.add_argument("--all", action="store_true", help="All active stocks.")
        parser.add_argument(
            "--strategy",
            choices=list(STRATEGIES),
            help="The strategy of the printed verdicts; unless given that of --user, or the technical rating.",
        )
        parser.add_argument("--as-of", metavar="DATE", help="As it would have been on this day, e.g. 2026-03-31.")
        parser.add_argument("--inline", action="store_true", help="Run in this process, without a worker.")
        add_wait_arguments(parser)

    def handle(self, *args: object, **options: Any) -> None:
        user, unplaced = _user(options["user"]), find_unplaced(options["tickers"])
        try:
            submissions = _submit(user, options)
        except RequestRejected as rejection:
            raise CommandError(str(rejection), returncode=BAD_INPUT) from None
        if unplaced:
            names = ", ".join(unplaced[:3]) + (f" and {len(unplaced) - 3} more" if len(unplaced) > 3 else "")
            self.stderr.write(
                f"{names}: taken as New York's, because no exchange is named. For another give its suffix, like "
                f"{unplaced[0]}.NS, or set DEFAULT_EXCHANGE."
            )
        for submission in submissions:
            if (fetching := estimate_rest(submission.job)) and not options["json"]:
                stocks = f"{fetching.requests:,} stock{'' if fetching.requests == 1 else 's'}"
                self.stderr.write(f"Bars of {stocks} must be fetched from Yahoo: {fetching}.")
            if submission.is_duplicate:
                self.stderr.write(f"The same request is running already: job {submission.job.pk}.")
        jobs = [submission.job for submission in submissions]
        follow_jobs(self, jobs, wait=options["wait"], as_json=options["json"], inline=options["inline"])


def _submit(user: User | None, options: dict[str, Any]) -> list[Submission]:
    """Submit the request, in several jobs only for --all and --index. Raise RequestRejected."""
    tickers = _tickers(user, options)
    strategy = options["strategy"] or (user.strategy if user else TECHNICAL_RATING.key)
    as_of, wake = parse_day(options["as_of"]), not options["inline"]
    if name := ALL if options["all"] else options["index"]:
        return submit_run(
            tickers,
            source=Source.BULK,
            requested_by=user,
            strategy=strategy,
            as_of=as_of,
            description=name,
            wake=wake,
        )
    return [
        submit(
            tickers,
            source=Source.COMMAND,
            requested_by=user,
            strategy=strategy,
            as_of=as_of,
            description=options["watchlist"] or "",
            wake=wake,
        )
    ]


def _tickers(user: User | None, options: dict[str, Any]) -> list[str]:
    ways = [name for name in ("tickers", "watchlist", "index", "all") if options[name]]
    if len(ways) != 1:
        sentence = "Name tickers, or --watchlist with --user, or --index, or --all: one of the four."
        raise CommandError(sentence, returncode=BAD_INPUT)
    if options["all"]:
        return _column(bulk_stocks(None), "There are no stocks yet: see load_stocks and load_demo.", "pk")
    if options["index"]:
        return _tickers_of_index(options["index"])
    if not options["watchlist"]:
        return check_symbols(options["tickers"])
    if not user:
        raise CommandError("--watchlist needs --user: whose is it?", returncode=BAD_INPUT)
    watchlist = Watchlist.objects.of(user).filter(name=options["watchlist"]).first()
    if not watchlist:
        raise CommandError(f"{options['user']} has no watchlist “{options['watchlist']}”.", returncode=BAD_INPUT)
    return _column(watchlist.items.all(), f"The watchlist “{watchlist}” is empty.", "stock_id")


def _tickers_of_index(name: str) -> list[str]:
    index = Index.objects.filter(name__iexact=name).first()
    if not index:
        names = ", ".join(f"“{known}”" for known in Index.objects.values_list("name", flat=True)[:10])
        raise CommandError(
            f"There is no index “{name}”; {f'there are: {names}' if names else 'see load_stocks'}.",
            returncode=BAD_INPUT,
        )
    return _column(bulk_stocks(index), no_stocks_reason(index), "pk")


def _column(rows: QuerySet[Any], error: str, field: str) -> list[str]:
    """Return the values of a field. Raise CommandError if there are no rows."""
    values = list(rows.values_list(field, flat=True))
    if not values:
        raise CommandError(error, returncode=BAD_INPUT)
    return values


def _user(name: str | None) -> User | None:
    if not name:
        return None
    try:
        return User.objects.get_by_natural_key(name)
    except User.DoesNotExist:
        raise CommandError(f"There is no user “{name}”.", returncode=BAD_INPUT) from None
