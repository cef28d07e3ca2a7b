"""`manage.py prune`: remove what is older than the settings say, and unconfirmed tickers that nobody watches."""

from django.core.management.base import BaseCommand, CommandParser

from watchlist.schedules import prune, would_prune


class Command(BaseCommand):
    help = (
        "Remove raw data, details, results and jobs that are older than KEEP_…_DAYS, never a stock's newest result; "
        "and tickers that were never confirmed and that nobody watches."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Say what would be removed, and remove nothing.")

    def handle(self, *args: object, dry_run: bool, **options: object) -> None:
        self.stdout.write(f"Would remove {would_prune()}." if dry_run else f"Removed {prune()}.")
