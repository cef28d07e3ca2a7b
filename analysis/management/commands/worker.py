"""`manage.py worker`: run jobs until stopped."""

from django.core.management.base import BaseCommand

from analysis.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run jobs: a django-q2 cluster, watched and recovered, until SIGTERM or Ctrl-C."

    def handle(self, *args: object, **options: object) -> None:
        Supervisor().run()
