"""`manage.py setup_schedules`: plan the next analysis of every exchange."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from watchlist.schedules import setup_schedules


class Command(BaseCommand):
    help = "Plan the analysis of every exchange after its next close, and say when it is. A worker does it too."

    def handle(self, *args: object, **options: object) -> None:
        schedules = setup_schedules()
        for schedule in schedules:
            when = schedule.next_run_at
            text = f"next on {timezone.localtime(when):%Y-%m-%d at %H:%M %Z}" if when else "switched off"
            self.stdout.write(f"{schedule.pk}: {text}")
        if not schedules:
            self.stdout.write("There are no stocks yet, so nothing is planned: see load_stocks and load_demo.")
