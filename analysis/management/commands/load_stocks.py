"""`manage.py load_stocks FILE…`: import lists of stocks."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.management.jobs import BAD_INPUT
from analysis.services import Refused, load_stocks


class Command(BaseCommand):
    help = "Add and update stocks from CSV files: ticker (or symbol), name, industry, exchange, currency."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--suffix", default="", help="Added to each symbol, like .NS for lists of NSE.")

    def handle(self, *args: object, files: list[Path], suffix: str, **options: object) -> None:
        problems = 0
        for file in files:
            try:
                done = load_stocks(file, suffix=suffix)
            except Refused as refusal:
                raise CommandError(str(refusal), returncode=BAD_INPUT) from None
            for problem in done.problems:
                self.stderr.write(problem)
            problems += len(done.problems)
            self.stdout.write(f"{file.name}: {done.added} stocks added, {done.updated} updated.")
        if problems:
            raise CommandError(f"{problems} rows were left out.", returncode=1)
