"""`manage.py recover`: resume jobs after a crash."""

from django.core.management.base import BaseCommand

from analysis.worker.recover import recover


class Command(BaseCommand):
    help = "Requeue what dead workers held, fail what was lost three times, wake stalled jobs. A worker does it too."

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"{recover()}.")
