"""What can be done with an analysis, in the order of the journey: load, submit, run, recover, cancel, rerun, remove."""

from analysis.services.bulk import bulk_stocks, submit_bulk
from analysis.services.cancel import cancel
from analysis.services.estimate import Estimate, estimate, estimate_rest
from analysis.services.integrity import check_integrity
from analysis.services.pace import pause
from analysis.services.record import compute_records, may_want_records, want_records
from analysis.services.recover import Recovery, is_work_waiting, recover, unserved_jobs
from analysis.services.remove import remove
from analysis.services.rerun import rerun
from analysis.services.retention import Pruned, prune, schedule_prune, would_prune
from analysis.services.run import run_job, run_slice
from analysis.services.submit import OverLimit, Refused, Submission, known_stock, submit
from analysis.services.universe import Import, load_demo_market, load_from_yahoo, load_stocks
from analysis.services.window import looked_at

__all__ = [
    "Estimate",
    "Import",
    "OverLimit",
    "Pruned",
    "Recovery",
    "Refused",
    "Submission",
    "bulk_stocks",
    "cancel",
    "check_integrity",
    "compute_records",
    "estimate",
    "estimate_rest",
    "is_work_waiting",
    "known_stock",
    "load_demo_market",
    "load_from_yahoo",
    "load_stocks",
    "looked_at",
    "may_want_records",
    "pause",
    "prune",
    "recover",
    "remove",
    "rerun",
    "run_job",
    "run_slice",
    "schedule_prune",
    "submit",
    "submit_bulk",
    "unserved_jobs",
    "want_records",
    "would_prune",
]
