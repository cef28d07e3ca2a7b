"""Signals: waiting for one, or for the end of a child, without polling."""

import select
import signal
import socket


class Signals:
    """Takes over SIGTERM, SIGINT and SIGCHLD of the process; made in its main thread, once."""

    def __init__(self) -> None:
        self.stopping = False
        self._readable, writable = socket.socketpair()
        for end in (self._readable, writable):
            end.setblocking(False)
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(signum, self._note)
        signal.set_wakeup_fd(writable.detach(), warn_on_full_buffer=False)

    def wait(self, seconds: float | None = None) -> None:
        """Return once a signal has come since the last call, or the time is over."""
        select.select([self._readable], [], [], seconds)
        try:
            self._readable.recv(4096)
        except BlockingIOError:
            return

    def _note(self, signum: int, _frame: object) -> None:
        self.stopping = self.stopping or signum != signal.SIGCHLD
