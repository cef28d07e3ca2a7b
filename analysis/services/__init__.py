"""What can be done with an analysis, in the order of the journey: load, submit, run, recover, cancel, rerun, remove."""

from analysis.services.cancel import cancel
from analysis.services.recover import Recovery, recover
from analysis.services.remove import remove
from analysis.services.rerun import rerun
from analysis.services.run import run_slice
from analysis.services.submit import Refused, Submission, submit
from analysis.services.universe import Import, load_demo_market, load_from_yahoo, load_stocks

__all__ = [
    "Import",
    "Recovery",
    "Refused",
    "Submission",
    "cancel",
    "load_demo_market",
    "load_from_yahoo",
    "load_stocks",
    "recover",
    "remove",
    "rerun",
    "run_slice",
    "submit",
]
