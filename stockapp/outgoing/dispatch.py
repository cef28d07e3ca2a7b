"""Dispatch: gives orders to carriers, several at once, and yields their outcomes.

While one receiver keeps a carrier busy, the others continue. A carrier that has died is replaced. The kernel ends a
carrier in time; if that fails, this process does so a little later.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import IO, Any, Self, cast

from stockapp.environment import BASE_DIR
from stockapp.outgoing.orders import HANDED_OVER, READY, DeliveryOutcome, DeliveryStatus, Order

COMMAND = [sys.executable, "-B", "-m", "stockapp.outgoing.carrier"]
START_SECONDS = 60.0
LEAST_SECONDS = 0.5  # seconds; an order with less time left is not begun
GRACE = 1.0  # seconds that a carrier may outlive its order
AT_ONCE = 2**16
PASSED_ON = (
    "PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "LANG", "LC_ALL", "TZ",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
)  # fmt: skip
"""Environment variables passed to a carrier: no settings, because they contain secrets. NETRC is set to no file."""


class CarrierLost(OSError):
    """Failure to start a process that sends messages; the message is a sentence."""


def unanswered(seconds: float) -> DeliveryOutcome:
    """Return the outcome of a message that was wholly sent and not answered in time."""
    sentence = f"No answer within {seconds:.0f} seconds. The message may have arrived, so it is not sent again."
    return DeliveryOutcome(DeliveryStatus.UNANSWERED, sentence, is_permanent=True)


def send_orders[K](
    orders: Iterator[tuple[K, Order | DeliveryOutcome]], *, at_once: int, command: list[str] | None = None
) -> Iterator[tuple[K, DeliveryOutcome]]:
    """Yield the outcome of each order with its key, in the order in which they end.

    The next order is taken only when a carrier is free or can be started; an outcome among the orders is passed
    through. If no carrier can be started, yield that as the outcome of the order in hand, then raise CarrierLost.
    """
    with _CarrierPool[K](at_once, command or COMMAND) as pool:
        while True:
            while pool.is_at_work:
                yield from pool.wait()
            if (given := next(orders, None)) is None:
                break
            key, order = given
            if isinstance(order, DeliveryOutcome):
                yield key, order
                continue
            try:
                while not (carrier := pool.idle_carrier()):
                    pool.start()
                    yield from pool.wait()
            except CarrierLost as error:
                yield key, DeliveryOutcome(DeliveryStatus.REFUSED, str(error))
                raise
            yield from carrier.take(key, order)
        while pool.is_busy:
            yield from pool.wait()


class _CarrierProcess[K]:
    """The parent's side of a carrier; `order` is its current one."""

    def __init__(self, command: list[str]) -> None:
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self.process = subprocess.Popen(  # noqa: S603
            command,
            cwd=BASE_DIR,
            env={**environment, "NETRC": os.devnull},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._orders = cast("IO[bytes]", self.process.stdin)
        os.set_blocking(self._orders.fileno(), False)  # a carrier that has stopped reading does not block this process
        self._events = cast("IO[bytes]", self.process.stdout)
        self.is_ready = self.has_begun = self.is_over = False
        self.order: Order | None = None
        self.key: K | None = None
        self._is_handed_over = False
        self._unread = self._unwritten = b""
        self.ends = time.monotonic() + START_SECONDS

    def register(self, selector: selectors.BaseSelector) -> None:
        """Register its events, and room for the rest of its order; the data of each is the function to call then."""
        selector.register(self._events, selectors.EVENT_READ, self.read)
        if self._unwritten:
            selector.register(self._orders, selectors.EVENT_WRITE, self.write)

    def take(self, key: K, order: Order) -> Iterator[tuple[K, DeliveryOutcome]]:
        """Give an idle carrier its next order; yield an outcome instead if too little time is left."""
        if order.ends - time.monotonic() < LEAST_SECONDS:
            yield key, DeliveryOutcome(DeliveryStatus.REFUSED, "This machine was too busy to send it in time.")
            return
        self.key, self.order, self.is_ready, self._is_handed_over = key, order, False, False
        self.ends = order.ends + GRACE
        self._unwritten = order.write()
        yield from self.write()

    def write(self) -> Iterator[tuple[K, DeliveryOutcome]]:
        """Write as much of its order as the pipe takes now."""
        try:
            while self._unwritten:
                written = os.write(self._orders.fileno(), self._unwritten[:AT_ONCE])
                self._unwritten = self._unwritten[written:]
        except BlockingIOError:
            pass  # the selector says when there is room
        except BrokenPipeError:  # it has died; the end of its events shows it
            self._unwritten = b""
        yield from ()

    def read(self) -> Iterator[tuple[K, DeliveryOutcome]]:
        """Read its available events; yield the outcome of its order if it has arrived."""
        part = os.read(self._events.fileno(), AT_ONCE)
        *lines, self._unread = (self._unread + part).split(b"\n")
        for line in lines:
            event: dict[str, Any] = json.loads(line)
            kind = event.pop("event")
            if kind == READY:
                self.is_ready = self.has_begun = True
            elif kind == HANDED_OVER:
                self._is_handed_over = True
            else:
                yield from self._finish_order(DeliveryOutcome(DeliveryStatus(event.pop("status")), **event))
        self.is_over = not part

    def stop(self) -> Iterator[tuple[K, DeliveryOutcome]]:
        """Kill the process; yield the outcome of its current order."""
        self.process.kill()
        ended_by = -self.process.wait()
        for file in (self._orders, self._events):
            with suppress(OSError):
                file.close()
        if self.order:
            is_late = ended_by == signal.SIGALRM or time.monotonic() > self.ends
            yield from self._finish_order(self._outcome_of_death(self.order.seconds, is_late=is_late))

    def _outcome_of_death(self, seconds: float, *, is_late: bool) -> DeliveryOutcome:
        if not is_late:
            return DeliveryOutcome(DeliveryStatus.REFUSED, "The process that was sending it ended unexpectedly.")
        if self._is_handed_over:
            return unanswered(seconds)
        return DeliveryOutcome(
            DeliveryStatus.REFUSED, f"The receiver could not be reached within {seconds:.0f} seconds."
        )

    def _finish_order(self, outcome: DeliveryOutcome) -> Iterator[tuple[K, DeliveryOutcome]]:
        if self.order is not None:
            key, self.order, self.key = self.key, None, None
            yield key, outcome  # type: ignore[misc]


class _CarrierPool[K]:
    """The carriers of one dispatch."""

    def __init__(self, size: int, command: list[str]) -> None:
        self._size = size
        self._command = command
        self._carriers: list[_CarrierProcess[K]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for carrier in [*self._carriers]:
            list(self._remove(carrier))

    @property
    def is_busy(self) -> bool:
        """Return whether an order has no outcome yet."""
        return any(carrier.order for carrier in self._carriers)

    @property
    def is_at_work(self) -> bool:
        """Return whether a further order would have to wait."""
        return len(self._carriers) == self._size and not self.idle_carrier()

    def idle_carrier(self) -> _CarrierProcess[K] | None:
        return next((carrier for carrier in self._carriers if carrier.is_ready), None)

    def start(self) -> None:
        """Start a carrier, unless one is starting or all have started."""
        if len(self._carriers) < self._size and all(carrier.has_begun for carrier in self._carriers):
            self._carriers.append(_CarrierProcess[K](self._command))

    def wait(self) -> Iterator[tuple[K, DeliveryOutcome]]:
        """Wait for an event or the end of a carrier's time; yield the outcomes that have arrived."""
        now = time.monotonic()
        first = min((carrier.ends for carrier in self._carriers if not carrier.is_ready), default=now)
        with selectors.DefaultSelector() as selector:
            for carrier in self._carriers:
                carrier.register(selector)
            ready = selector.select(max(0.0, first - now))
        for key, _ in ready:
            yield from key.data()
        for carrier in [*self._carriers]:
            if carrier.is_over or (not carrier.is_ready and time.monotonic() > carrier.ends):
                yield from self._remove_lost(carrier)

    def _remove_lost(self, carrier: _CarrierProcess[K]) -> Iterator[tuple[K, DeliveryOutcome]]:
        yield from self._remove(carrier)
        if not carrier.has_begun:
            self._size -= 1
            if not self._size:
                raise CarrierLost("The process that sends messages could not be started.")

    def _remove(self, carrier: _CarrierProcess[K]) -> Iterator[tuple[K, DeliveryOutcome]]:
        self._carriers.remove(carrier)
        yield from carrier.stop()
