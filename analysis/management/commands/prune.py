"""`manage.py prune`: remove what is older than the settings say."""

from django.core.management.base import BaseCommand, CommandParser

from analysis.services import prune, would_prune


class Command(BaseCommand):
    help = "Remove raw data, details, results and jobs that are older than KEEP_…_DAYS; never a stock's newest result."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Say what would be removed, and remove nothing.")

    def handle(self, *args: object, dry_run: bool, **options: object) -> None:
        self.stdout.write(f"Would remove {would_prune()}." if dry_run else f"Removed {prune()}.")
