"""Integrity: checks of invariants over the whole database, and the repair of rows that violate them.

Constraints and transactions keep the invariants, unless a disk fails or rows are restored or edited by hand. The checks
may run at any time: every check is one statement over committed rows, and every repair checks again under lock. Rows of
a SQLite file are checked only if SQLite finds no damage in the file.
"""

from dataclasses import dataclass

from analysis.database_faults import clear_damage
from analysis.db import refresh_planner_statistics
from analysis.models import LARGE_TABLES
from analysis.upkeep.integrity.check import Check
from analysis.upkeep.integrity.file import check_file
from analysis.upkeep.integrity.jobs import JOB_CHECKS
from analysis.upkeep.integrity.orphans import ORPHANS
from analysis.upkeep.integrity.ratings import RATINGS
from analysis.upkeep.integrity.stocks import STOCK_CHECKS

CHECKS: tuple[Check, ...] = (ORPHANS, RATINGS, *JOB_CHECKS, *STOCK_CHECKS)
"""In the order of repair: orphans are removed before anything is counted, and results before stocks name them."""


@dataclass(frozen=True, slots=True)
class IntegrityFinding:
    """The result of one check: the number of wrong rows, some of them as examples, and how many were repaired."""

    check: Check
    count: int
    examples: tuple[str, ...]
    repaired: int = 0

    @property
    def is_open(self) -> bool:
        """Return whether a person has to act; a worker repairs the rest automatically."""
        return self.count > self.repaired and not self.check.is_passing


def check_integrity(*, fix: bool = False) -> list[IntegrityFinding]:
    """Run every check and return the results; with `fix`, repair the wrong rows and count them in `repaired`.

    Raise DamagedFile if SQLite finds damage in the file.
    """
    check_file()
    refresh_planner_statistics(LARGE_TABLES)
    findings = [_run_check(check, fix=fix) for check in CHECKS]
    clear_damage()
    return findings


def _run_check(check: Check, *, fix: bool) -> IntegrityFinding:
    wrong = check.find()
    repaired = 0
    if wrong and fix:
        check.repair(wrong)
        repaired = max(len(wrong) - len(check.find()), 0)
    return IntegrityFinding(check, len(wrong), tuple(str(key) for key in wrong[:5]), repaired)
