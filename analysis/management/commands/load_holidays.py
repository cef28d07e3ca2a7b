"""`manage.py load_holidays FILE`: import the holidays that an exchange publishes for a year."""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.calendars.load import DEFAULT_EXCHANGE, HolidayImport, load_holidays
from analysis.management.jobs import BAD_INPUT
from analysis.rejections import RequestRejected


class Command(BaseCommand):
    help = (
        "Load the trading holidays of a year from a CSV file: NSE's or BSE's list as downloaded, or the columns date, "
        "name and, for special sessions, kind (closed or session), open and close."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--exchange", default="", metavar="CODE", help=f"The exchange's code; {DEFAULT_EXCHANGE} unless given."
        )

    def handle(self, *args: object, file: Path, exchange: str, **options: object) -> None:
        try:
            done = load_holidays(file, exchange)
        except RequestRejected as rejection:
            raise CommandError(str(rejection), returncode=BAD_INPUT) from None
        self.stdout.write(_summary(file, done))
        for day in done.unscheduled:
            self.stdout.write(
                f"{day.day} {day:%b %Y} is closed but for a Muhurat session. Once its hours are announced, enter it as "
                "a session with these hours in the admin, under Special days."
            )


def _summary(file: Path, done: HolidayImport) -> str:
    years = ", ".join(map(str, done.years))
    days = "day" if done.added == 1 else "days"
    weekends = "a weekend" if done.weekend == 1 else "weekends"
    others = "".join(
        f", {count} {what}"
        for count, what in ((done.kept, "kept as set by an administrator"), (done.weekend, f"on {weekends} left out"))
        if count
    )
    known = f" Holidays are known until {done.known_until}." if done.known_until else ""
    return (
        f"{file.name}: {years} of {done.exchange.name}: {done.added} {days} added, {done.updated} updated, "
        f"{done.removed} removed{others}.{known}"
    )
