"""What can be done with an analysis, in the order of the journey: load, submit, run, recover, cancel, rerun, remove."""

from analysis.services.bulk import bulk_stocks, submit_bulk
from analysis.services.cancel import cancel
from analysis.services.chart import hide_indicator, show_indicator
from analysis.services.deadline import count_absence
from analysis.services.ending import told
from analysis.services.estimate import Estimate, estimate, estimate_rest
from analysis.services.integrity import DamagedFile, check_integrity
from analysis.services.limits import OverLimit, Refused, lock_installation, lock_user, refuse_unconfirmed
from analysis.services.pace import pause
from analysis.services.record import compute_records, may_want_records, want_records
from analysis.services.recover import Recovery, is_work_waiting, recover, unserved_jobs
from analysis.services.remove import remove
from analysis.services.rerun import rerun
from analysis.services.retention import Pruned, prune, would_prune
from analysis.services.run import run_job, run_slice
from analysis.services.runs import submit_run
from analysis.services.schedules import next_runs, refused_runs
from analysis.services.submit import Submission, known_stocks, submit
from analysis.services.universe import Import, load_demo_market, load_from_yahoo, load_stocks
from analysis.services.window import looked_at

__all__ = [
    "DamagedFile",
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
    "count_absence",
    "estimate",
    "estimate_rest",
    "hide_indicator",
    "is_work_waiting",
    "known_stocks",
    "load_demo_market",
    "load_from_yahoo",
    "load_stocks",
    "lock_installation",
    "lock_user",
    "looked_at",
    "may_want_records",
    "next_runs",
    "pause",
    "prune",
    "recover",
    "refuse_unconfirmed",
    "refused_runs",
    "remove",
    "rerun",
    "run_job",
    "run_slice",
    "show_indicator",
    "submit",
    "submit_bulk",
    "submit_run",
    "told",
    "unserved_jobs",
    "want_records",
    "would_prune",
]
