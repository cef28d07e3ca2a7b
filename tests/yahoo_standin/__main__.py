"""`make yahoo-standin`: the stand-in by hand, until Ctrl-C."""

import argparse
import signal
from contextlib import suppress

from tests.yahoo_standin.server import HELP, running

PORT = 8009


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="0 takes any that is free")
    port = parser.parse_args().port
    try:
        with running(port) as server, suppress(KeyboardInterrupt):
            print(
                f"Address: {server.address}/\nStart the application with YAHOO_URL={server.address}\n\n{HELP}",
                flush=True,
            )
            signal.pause()
    except OSError as error:
        raise SystemExit(f"Port {port} cannot be used: {error.strerror}.") from None


if __name__ == "__main__":
    main()
