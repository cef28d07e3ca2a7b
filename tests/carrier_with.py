"""A carrier for tests, with the edge of the network in our hands: `python -m tests.carrier_with '{"names": {…}}'`.

`names` says what host names mean, to this process and at every look. `port` sends every request over HTTP to this port
of the machine, whichever service it is for. `opens` is a file in which every file is noted that Python opens once the
carrier carries. Of the two walls, `unconfined` leaves the confinement out and `unchecked` the check of addresses, to
see that each is enough.
"""

import json
import os
import socket
import sys
from typing import Any

from apprise import Apprise, AppriseAsset
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from stockapp.outgoing import carrier
from stockapp.outgoing.confinement import Confinement


def _give_names(names: dict[str, str]) -> None:
    look_up = socket.getaddrinfo

    def look_up_here(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        return look_up(names.get(host, host), port, *args, **options)

    socket.getaddrinfo = look_up_here


def _send_to(port: int) -> None:
    send = HTTPAdapter.send

    def send_here(self: HTTPAdapter, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        request.url = f"http://127.0.0.1:{port}/hook"
        return send(self, request, *args, **options)

    HTTPAdapter.send = send_here  # type: ignore[method-assign]


def _note_opens(path: str) -> None:
    notes = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event in {"open", "os.listdir", "os.scandir"}:
            os.write(notes, f"{arguments[0]}\n".encode(errors="replace"))

    sys.addaudithook(note)


def main() -> None:
    wanted = json.loads(sys.argv[1])
    _give_names(wanted.get("names", {}))
    if "port" in wanted:
        _send_to(wanted["port"])
    if "opens" in wanted:
        _note_opens(wanted["opens"])
    if wanted.get("unconfined"):
        Confinement.close = lambda self: None  # type: ignore[method-assign]
    if wanted.get("unchecked"):
        carrier.create_notifier = _unchecked  # type: ignore[attr-defined]
    carrier.main()


def _unchecked(url: str) -> Any:
    """What Apprise makes of an address, with every parameter that it knows."""
    return Apprise.instantiate(url, asset=AppriseAsset(async_mode=False))


if __name__ == "__main__":
    main()
