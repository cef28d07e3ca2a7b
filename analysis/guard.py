"""Guard: runs a cluster in a process group of its own and sees to it that nothing of the group outlives its owner.

    python -m analysis.guard PIPE SECONDS COMMAND…

A process of the standard library alone. It ends the group when its owner asks with SIGTERM, when its owner is gone,
however suddenly (the pipe ends, whose other end only the owner holds), and when the command itself has ended. The
command is asked first and given SECONDS to finish what it has taken; then the whole group is killed, guard included.
"""

import os
import signal
import subprocess
import sys

from analysis.process_signals import Signals


def main(pipe: int, seconds: float, command: list[str]) -> None:
    signals = Signals()
    with subprocess.Popen(command) as cluster:  # noqa: S603
        is_orphan = False
        while not (signals.stopping or is_orphan or cluster.poll() is not None):
            is_orphan = signals.wait(pipe=pipe)
        cluster.terminate()
        try:
            cluster.wait(seconds)
        except subprocess.TimeoutExpired:
            sys.stderr.write(f"The cluster did not end within {seconds:.0f} s; killing it.\n")
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
