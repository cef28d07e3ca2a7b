"""gunicorn reads this file by itself from the folder that it is started in; options of its command line win."""

from typing import Any

from stockapp.reserve import set_threads


def post_worker_init(worker: Any) -> None:
    """Say how many threads the process has, so that one is kept free for `/healthz`."""
    set_threads(worker.cfg.threads)
