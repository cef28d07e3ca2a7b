"""`manage.py worker`: run jobs, schedules and the digest until stopped."""

from django.core.management.base import BaseCommand

from analysis.supervisor import Supervisor
from analysis.timing import TIMING
from stockapp.digest.outbox import wake_delivery
from stockapp.expiry import schedule_expiry
from watchlist.schedules import setup_schedules

PLAN_SECONDS = 60


class Command(BaseCommand):
    help = "Run jobs: a django-q2 cluster, watched and recovered, with its schedules, until SIGTERM or Ctrl-C."

    def handle(self, *args: object, **options: object) -> None:
        recovery_seconds = TIMING.recovery_interval.total_seconds()
        chores = [(PLAN_SECONDS, setup_schedules), (PLAN_SECONDS, schedule_expiry), (recovery_seconds, wake_delivery)]
        Supervisor(chores=chores).run()
