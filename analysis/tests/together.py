"""Requests that come together, each in a thread and a connection of its own."""

import threading
from collections.abc import Callable, Sequence

from django.db import connections

PATIENCE = 60  # seconds


def together(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Do all of these at the same moment; what each returned, or the exception that it raised, in their order."""
    barrier = threading.Barrier(len(acts))
    answers: list[object] = [None] * len(acts)

    def run(number: int) -> None:
        try:
            barrier.wait(PATIENCE)
            answers[number] = acts[number]()
        except Exception as error:  # noqa: BLE001 - the test checks it
            answers[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
