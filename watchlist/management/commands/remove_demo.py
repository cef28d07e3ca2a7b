"""`manage.py remove_demo`: remove the demo market and its accounts for good."""

import sys

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.management.jobs import BAD_INPUT
from stockapp.accounts.models import User
from watchlist.demo_market import DemoContents, find_demo_market, remove_demo_market

PATIENCE = 120
"""Seconds to wait for workers that have demo stocks in hand."""


class Command(BaseCommand):
    help = "Remove the demo market for good: its stocks, their results, jobs and rows on lists, and demo accounts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--yes", action="store_true", help="Remove it without asking.")

    def handle(self, *args: object, yes: bool, **options: object) -> None:
        market = find_demo_market()
        self.stdout.write(_describe(market))
        if not market.is_empty and not yes:
            _confirm()
        if not remove_demo_market(patience=PATIENCE):
            raise CommandError("Workers still have some of its stocks in hand; a worker removes them within a minute.")
        self.stdout.write("The demo market is removed. `load_demo --again` would bring it back.")
        if not any(user.can_log_in for user in User.objects.all()):
            self.stdout.write("There is no account to log in with; `createsuperuser` creates one.")


def _describe(market: DemoContents) -> str:
    """Return what there is to remove, and which accounts stay."""
    rows = market.rows
    lines = [
        f"The demo market has {_counted(rows.stocks, 'stock')} with {_counted(rows.results, 'result')}, "
        f"{_counted(rows.jobs, 'job')} of its stocks alone, and {_counted(market.watched, 'row')} on the lists of "
        f"{_counted(market.watchers, 'user')}."
    ]
    for account in market.accounts:
        fate = f"would stay: {account.reason}" if account.reason else "would be removed with its lists"
        lines.append(f"The account “{account.user}” {fate}.")
    return "\n".join(lines)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _confirm() -> None:
    """Ask on the terminal. Raise CommandError if the answer is not yes, or if there is no terminal."""
    if not sys.stdin.isatty():
        raise CommandError("Nothing is removed without a confirmation: add --yes.", returncode=BAD_INPUT)
    if input("Remove all of it for good? This cannot be undone. [yes/no] ").strip().lower() != "yes":
        raise CommandError("Nothing was removed.", returncode=BAD_INPUT)
