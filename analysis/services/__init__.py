"""What can be done with an analysis, in the order of the journey: load, submit, run, recover, cancel, rerun, remove."""

from analysis.services.cancel import cancel
from analysis.services.record import compute_records, may_want_records, want_records
from analysis.services.recover import Recovery, is_work_waiting, recover, unserved_jobs
from analysis.services.remove import remove
from analysis.services.rerun import rerun
from analysis.services.run import run_job, run_slice
from analysis.services.submit import OverLimit, Refused, Submission, known_stock, submit
from analysis.services.universe import Import, load_demo_market, load_from_yahoo, load_stocks
from analysis.services.window import looked_at

__all__ = [
    "Import",
    "OverLimit",
    "Recovery",
    "Refused",
    "Submission",
    "cancel",
    "compute_records",
    "is_work_waiting",
    "known_stock",
    "load_demo_market",
    "load_from_yahoo",
    "load_stocks",
    "looked_at",
    "may_want_records",
    "recover",
    "remove",
    "rerun",
    "run_job",
    "run_slice",
    "submit",
    "unserved_jobs",
    "want_records",
]
