"""gunicorn's configuration, read from the folder in which it is started; command-line options win."""

from typing import Any

from stockapp.reserve import set_threads


def post_worker_init(worker: Any) -> None:
    """Set the number of threads, so that one stays free for `/healthz`."""
    set_threads(worker.cfg.threads)
