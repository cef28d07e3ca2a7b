"""Process signals: wait for one, for the end of a child, or for a pipe, without polling."""

import select
import signal
import socket


class ProcessSignals:
    """The handler of SIGTERM, SIGINT and SIGCHLD of a process; created once, in its main thread."""

    def __init__(self) -> None:
        self.stops = 0
        self._readable, writable = socket.socketpair()
        for end in (self._readable, writable):
            end.setblocking(False)
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(signum, self._record_signal)
        signal.set_wakeup_fd(writable.detach(), warn_on_full_buffer=False)

    @property
    def is_stopping(self) -> bool:
        """Return whether the process got a signal to stop."""
        return self.stops > 0

    @property
    def is_urgent(self) -> bool:
        """Return whether it got two signals to stop, which means at once."""
        return self.stops > 1

    def wait(self, seconds: float | None = None, pipe: int | None = None) -> bool:
        """Wait until a signal has come since the last call, the pipe can be read, or the time is over.

        Return whether the pipe can be read.
        """
        waiting: list[socket.socket | int] = [self._readable] if pipe is None else [self._readable, pipe]
        ready = select.select(waiting, [], [], seconds)[0]
        if self._readable in ready:
            self._readable.recv(4096)
        return pipe in ready

    def _record_signal(self, signum: int, _frame: object) -> None:
        self.stops += signum != signal.SIGCHLD
