"""`manage.py backup`: a copy of the database while the application runs."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stockapp.backup import CannotBackUp, backup


class Command(BaseCommand):
    help = (
        "Write a checked copy of the SQLite database to a file, while others write; docs/backup.md says how to restore."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="Where to; it must not be there yet.")
        parser.add_argument(
            "--force", action="store_true", help="Replace the file if it is there and is a SQLite database."
        )

    def handle(self, *args: object, file: Path, force: bool, **options: object) -> None:
        try:
            size = backup(file, force=force)
        except CannotBackUp as rejection:
            raise CommandError(str(rejection), returncode=2) from None
        self.stdout.write(f"Wrote {file}: {size / 1e6:,.1f} MB, checked.")
