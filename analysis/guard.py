"""Guard: runs a cluster in a process group of its own and makes sure that no process of the group outlives its owner.

    python -m analysis.guard PIPE PULSE SECONDS COMMAND…

It uses the standard library only. It ends the group when its owner sends SIGTERM, when its owner has ended, however
suddenly (the pipe ends, whose other end only the owner holds), and when the command itself has ended. The command gets
SIGTERM first and SECONDS to finish its tasks; then the whole group is killed, guard included.

The command gets two more arguments: PULSE, a pipe to its owner, and the guard's own lifeline, a pipe that ends with
the guard, so that a cluster whose owner and guard are killed together ends as well.
"""

import os
import signal
import subprocess
import sys
import threading

from analysis.process_signals import ProcessSignals


def main(pipe: int, pulse: int, seconds: float, command: list[str]) -> None:
    signals = ProcessSignals()
    lifeline, _owned_end = os.pipe()
    command = [*command, str(pulse), str(lifeline)]
    with subprocess.Popen(command, pass_fds=[pulse, lifeline]) as cluster:  # noqa: S603
        is_orphan = False
        while not (signals.is_stopping or is_orphan or cluster.poll() is not None):
            is_orphan = signals.wait(pipe=pipe)
        cluster.terminate()
        try:
            cluster.wait(seconds)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"The cluster did not end within {seconds:.0f} s; killing it.\n")
        os.killpg(0, signal.SIGKILL)


def die_with(lifeline: int) -> None:
    """Let this process and its forks kill their group when the lifeline ends.

    A thread waits for it in each process: macOS has no signal for the death of a parent.
    """

    def watch() -> None:
        threading.Thread(target=_wait_and_kill, args=[lifeline], name="lifeline", daemon=True).start()

    os.register_at_fork(after_in_child=watch)
    watch()


def _wait_and_kill(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
