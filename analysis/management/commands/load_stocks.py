"""`manage.py load_stocks FILE…`: import lists of stocks, from files or from Yahoo's screener."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.jobs.submit import check_tickers
from analysis.management.jobs import BAD_INPUT
from analysis.rejections import RequestRejected
from analysis.stock_lists.load import ImportResult, load_from_yahoo, load_stocks
from analysis.stock_lists.renames import Rename, rename_stocks

MOST_ASKED = 20  # questions about tickers and ISINs of one list


class Command(BaseCommand):
    help = (
        "Add and update stocks from lists as exchanges publish them, or your own: ticker or symbol, name, industry, "
        "exchange, currency, ISIN."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
        parser.add_argument("--suffix", help="Added to each symbol; .NS for NSE's own lists unless given.")
        parser.add_argument("--index", default="", help="What the file's list is called, like “NIFTY 50”.")
        parser.add_argument(
            "--rename",
            action="append",
            default=[],
            metavar="OLD=NEW",
            help="Move what belongs to one ticker to another; several are renamed at once, as where two are exchanged.",
        )
        parser.add_argument("--from-yahoo", metavar="REGION", help="All equities of a region, like in, by Yahoo.")

    def handle(
        self,
        *args: object,
        files: list[Path],
        suffix: str | None,
        index: str,
        from_yahoo: str | None,
        rename: list[str],
        **options: object,
    ) -> None:
        if not files and not from_yahoo and not rename:
            raise CommandError("Name a file, or a region with --from-yahoo.", returncode=BAD_INPUT)
        if index and len(files) != 1:
            raise CommandError("--index names the list of one file.", returncode=BAD_INPUT)
        if rename:
            self._rename(rename)
        loads = {file.name: partial(load_stocks, file, suffix=suffix, index=index) for file in files}
        if from_yahoo:
            loads["Yahoo"] = partial(load_from_yahoo, from_yahoo)
        if problems := sum(self._run_import(name, load) for name, load in loads.items()):
            raise CommandError("1 problem." if problems == 1 else f"{problems} problems.", returncode=1)

    def _rename(self, pairs: list[str]) -> None:
        halves = [pair.partition("=") for pair in pairs]
        try:
            renames = [Rename(*check_tickers([old]), *check_tickers([new])) for old, _, new in halves]
            for sentence in rename_stocks(renames):
                self.stdout.write(sentence)
        except RequestRejected as rejection:
            raise CommandError(str(rejection), returncode=BAD_INPUT) from None

    def _run_import(self, name: str, load: Callable[[], ImportResult]) -> int:
        """Run one import and write its result. Return the number of problems."""
        try:
            done = load()
        except RequestRejected as rejection:
            raise CommandError(str(rejection), returncode=BAD_INPUT) from None
        for sentence in (*done.problems, *done.questions[:MOST_ASKED]):
            self.stderr.write(sentence)
        if (more := len(done.questions) - MOST_ASKED) > 0:
            self.stderr.write(f"{more:,} more like these.")
        for sentence in done.news:
            self.stdout.write(sentence)
        left = f", {done.deactivated} made inactive" if done.deactivated else ""
        stocks = "1 stock" if done.added == 1 else f"{done.added} stocks"
        self.stdout.write(f"{name}: {stocks} added, {done.updated} updated{left}.")
        return len(done.problems)
