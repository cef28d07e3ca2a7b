"""Carrier: the process that sends messages, one after another, and may be killed at any time.

It reads orders from its standard input, a line each, and writes events to its standard output. It has no settings, no
database and no secrets but those of its order. It is confined (`confinement`), and the kernel limits its memory and
ends it when an order takes too long, so that a receiver cannot harm anything else. When the worker that started it
dies, it ends after its current order.
"""

import json
import logging
import os
import resource
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import assert_never

from apprise import LogCapture

from stockapp.outgoing import responses, smtp
from stockapp.outgoing.confinement import Confinement
from stockapp.outgoing.orders import ENDED, HANDED_OVER, READY, DeliveryOutcome, DeliveryStatus, Mail, Notice, Order
from stockapp.outgoing.services import BadAddress, create_notifier

MOST_PARTS = 12  # of a message that is too long for its service; each takes a second
GOES_ON = "…\n\nThe rest is too long for a notification: {}"
MEMORY = 400 * 2**20  # bytes of address space; it begins with about 80 MB


class Carrier:
    """The sender of the orders from standard input, which writes their outcomes to another file."""

    def __init__(self, events: int) -> None:
        self._events = events
        self._confinement = Confinement()

    def run(self) -> None:
        """Send orders until there are no more."""
        responses.limit_responses(lambda: self._write_event(HANDED_OVER))
        self._confinement.close()
        self._write_event(READY)
        for line in sys.stdin.buffer:
            order = Order.read(line)
            signal.setitimer(signal.ITIMER_REAL, order.seconds)  # an unhandled SIGALRM ends the process
            self._send(order)
            signal.setitimer(signal.ITIMER_REAL, 0)
            self._write_event(READY)

    def _send(self, order: Order) -> None:
        message = order.message
        self._confinement.begin(may_reach_private=message.may_reach_private)
        try:
            match message:
                case Mail():
                    smtp.hand_over(
                        message,
                        seconds=order.seconds,
                        on_handed_over=lambda: self._write_event(HANDED_OVER),
                        report=self._report_outcome,
                    )
                case Notice():
                    self._report_outcome(self._send_notice(message, order.seconds))
                case _:
                    assert_never(message)
        except MemoryError:
            self._report_outcome(
                DeliveryOutcome(DeliveryStatus.REFUSED, "The answer needed more memory than is allowed.")
            )
        except Exception as error:  # noqa: BLE001 -- the outcome contains it; this process has no log
            sentence = f"Internal error ({type(error).__name__})."
            self._report_outcome(self._refusal() or DeliveryOutcome(DeliveryStatus.REFUSED, sentence))

    def _send_notice(self, message: Notice, seconds: float) -> DeliveryOutcome:
        try:
            service = create_notifier(message.url)
        except BadAddress as error:
            return DeliveryOutcome(DeliveryStatus.REFUSED, str(error), is_permanent=True)
        service.socket_connect_timeout = service.socket_read_timeout = seconds
        with LogCapture(level=logging.WARNING, fmt="%(message)s") as log:
            body = shorten_body(message, MOST_PARTS * service.body_maxlen)
            is_taken = service.notify(title=message.title, body=body, body_format="text", overflow="split")
            log_lines = log.getvalue().strip().splitlines()
        if refusal := self._refusal():
            return refusal
        if not is_taken:
            return DeliveryOutcome(
                DeliveryStatus.REFUSED, log_lines[-1] if log_lines else "The service did not take the message."
            )
        return DeliveryOutcome(DeliveryStatus.TAKEN)

    def _refusal(self) -> DeliveryOutcome | None:
        """Return the outcome of a message that tried a forbidden act, None if it tried none."""
        refused = self._confinement.refused
        return DeliveryOutcome(DeliveryStatus.REFUSED, refused[0], is_permanent=True) if refused else None

    def _report_outcome(self, outcome: DeliveryOutcome) -> None:
        self._write_event(ENDED, **asdict(outcome))

    def _write_event(self, event: str, **fields: object) -> None:
        os.write(self._events, json.dumps({"event": event, **fields}).encode() + b"\n")


def shorten_body(message: Notice, most: int) -> str:
    """Return the body of a message, shortened to a number of characters with a link to the rest."""
    if len(message.body) <= most:
        return message.body
    rest = GOES_ON.format(message.link)
    return message.body[: most - len(rest)].rpartition("\n")[0] + "\n" + rest


def main() -> None:
    """Run a carrier on standard input and output."""
    for asked_to_stop in (signal.SIGINT, signal.SIGTERM):  # it ends with its input, so that no message is interrupted
        signal.signal(asked_to_stop, signal.SIG_IGN)
    with suppress(ValueError, OSError):  # a system without this limit; responses are bounded in bytes anyway
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    events = os.dup(1)
    os.dup2(2, 1)  # prints of libraries must not mix with events
    Carrier(events).run()


if __name__ == "__main__":
    main()
