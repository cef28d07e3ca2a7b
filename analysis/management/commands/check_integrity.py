"""`manage.py check_integrity`: find rows that violate an invariant of the database, and repair them."""

import json

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.upkeep.integrity import check_integrity
from analysis.upkeep.integrity.file import DamagedFile


class Command(BaseCommand):
    help = "Look for what must never be; exits with 1 while there is any."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fix", action="store_true", help="Repair what is found.")
        parser.add_argument("--json", action="store_true", help="Print JSON instead of sentences.")

    def handle(self, *args: object, fix: bool, **options: object) -> None:
        try:
            findings = check_integrity(fix=fix)
        except DamagedFile as damage:
            damage_lines = "".join(f"\n  {finding}" for finding in damage.findings)
            raise CommandError(
                f"{damage} Nothing was changed. SQLite's own check found:{damage_lines}", returncode=1
            ) from None
        if options["json"]:
            rows = [
                {
                    "name": finding.check.name,
                    "sentence": finding.check.sentence,
                    "found": finding.count,
                    "examples": finding.examples,
                    "repaired": finding.repaired,
                    "is_open": finding.is_open,
                }
                for finding in findings
            ]
            self.stdout.write(json.dumps(rows, indent=1))
        else:
            for finding in findings:
                self.stdout.write(f"{finding.count:>9,}  {finding.check.name:<28}{finding.check.sentence}")
                for example in finding.examples:
                    self.stdout.write(f"{'':11}{example}")
                if finding.repaired:
                    self.stdout.write(f"{'':11}Repaired {finding.repaired:,}. {finding.check.remedy}")
        if left := [finding.check.name for finding in findings if finding.is_open]:
            raise CommandError(f"Found what must never be: {', '.join(left)}.", returncode=1)
        if not options["json"]:
            self.stdout.write("All is well." if not fix else "All is well now.")
