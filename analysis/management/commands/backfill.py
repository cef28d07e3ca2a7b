"""`manage.py backfill`: the verdicts of past sessions."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.directory import check_symbols
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.jobs.runs import submit_run
from analysis.management.jobs import BAD_INPUT, add_wait_arguments, follow_jobs, parse_day
from analysis.models import Result, Source, Stock
from analysis.rejections import RequestRejected


class Command(BaseCommand):
    help = "Fill in the verdict of every session between two days, as it would have been given on each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tickers", nargs="*", help="Yahoo symbols; all active stocks unless given.")
        parser.add_argument("--from", dest="since", metavar="DATE", required=True, help="The first day.")
        parser.add_argument("--to", metavar="DATE", required=True, help="The last day.")
        parser.add_argument(
            "--strategy",
            choices=list(STRATEGIES),
            default=TECHNICAL_RATING.key,
            help="The strategy of the printed verdicts; every strategy in use rates the sessions.",
        )
        parser.add_argument("--inline", action="store_true", help="Run in this process, without a worker.")
        add_wait_arguments(parser)

    def handle(self, *args: object, since: str, to: str, **options: Any) -> None:
        try:
            submissions = submit_run(
                check_symbols(options["tickers"]) or Stock.objects.active().without_demo().values_list("pk", flat=True),
                source=Source.COMMAND,
                strategy=options["strategy"],
                since=parse_day(since),
                as_of=parse_day(to),
                description=f"Backfill from {since} to {to}",
                wake=not options["inline"],
            )
        except RequestRejected as rejection:
            raise CommandError(str(rejection), returncode=BAD_INPUT) from None
        for submission in submissions:
            if submission.is_duplicate:
                self.stderr.write(f"The same backfill is running already: job {submission.job.pk}.")
        jobs = [submission.job for submission in submissions]
        follow_jobs(self, jobs, wait=options["wait"], as_json=options["json"], inline=options["inline"])
        if not options["json"] and (options["wait"] or options["inline"]):
            count = Result.objects.filter(job__in=jobs).count()
            self.stdout.write(f"{count:,} {'result is' if count == 1 else 'results are'} this backfill's.")
