"""Confinement: the files and hosts that the sending process may reach.

An audit hook sees every file that Python opens and every connection, and cannot be removed. It is the second line of
defence: addresses are checked before (`services`), but a name may resolve to another host by now, and a library may
open files in a way that is not known. Refused are programs, every change of a file, every file but the interpreter's
own and those of name resolution and time zones, and, unless ALLOW_PRIVATE_NOTICES is set, connections to private
addresses.
"""

import os
import site
import sys
import sysconfig
import zoneinfo
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Any

NAT64 = IPv6Network("64:ff9b::/96")
UNICAST = IPv6Network("2000::/3")  # all of IPv6 that the internet routes; Python counts more as global

CONNECTIONS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
LISTINGS = {"os.listdir", "os.scandir"}
PROGRAMS = (
    "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.startfile", "pty.",
    "ctypes.dlopen", "sqlite3.connect", "socket.bind",
)  # fmt: skip
CHANGES = (
    "os.chflags", "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.setxattr",
    "os.symlink", "os.truncate", "os.utime", "shutil.", "tempfile.",
)  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FILES = ("/etc/hosts", "/etc/localtime", "/etc/nsswitch.conf", "/etc/resolv.conf", os.devnull)


def _own_folders() -> tuple[str, ...]:
    """Return the folders of the interpreter, its libraries and certificates, and of time zones."""
    paths = sysconfig.get_paths()
    own = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    folders = [*own, *site.getsitepackages(), *zoneinfo.TZPATH, str(Path(__file__).parent)]
    return tuple({os.path.realpath(folder) + os.sep for folder in folders})


class Confinement:
    """The limits of this process; `refused` has a sentence for each forbidden act since `begin`."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self._folders = _own_folders()
        self._files = {os.path.realpath(file) for file in FILES}
        self._may_reach_private = False

    def close(self) -> None:
        """Confine this process until its end."""
        sys.addaudithook(self._check_event)

    def begin(self, *, may_reach_private: bool) -> None:
        """Start a message: clear `refused`, and set whether private addresses are allowed."""
        self.refused.clear()
        self._may_reach_private = may_reach_private

    def _check_event(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            reason = self._reason_against_file(*arguments[:3])
        elif event in CONNECTIONS:
            reason = self._reason_against_place(arguments[1])
        elif event in LISTINGS:
            reason = self._reason_against_file(arguments[0] or ".", "r", 0)
        elif event.startswith(PROGRAMS):
            reason = "The service tried to run a program on the server."
        elif event.startswith(CHANGES):
            reason = "The service tried to change a file of the server."
        else:
            return
        if reason:
            self.refused.append(reason)
            raise PermissionError(reason)

    def _reason_against_file(self, path: Any, mode: Any, flags: Any) -> str:
        if isinstance(path, int):  # a file descriptor: the file is open already
            return ""
        if int(flags or 0) & WRITING:
            return "The service tried to write a file of the server."
        real = os.path.realpath(os.fsdecode(path))
        if real in self._files or (real + os.sep).startswith(self._folders):
            return ""
        return "The service tried to read a file of the server."

    def _reason_against_place(self, address: Any) -> str:
        if not isinstance(address, tuple):
            return "The service tried to reach a program on the server."
        host = str(address[0])
        return "" if self._may_reach_private or is_public(host) else private_host_sentence(host)


def private_host_sentence(host: str) -> str:
    return f"“{host[:100]}” is inside this network; this installation sends to public addresses only."


def is_public(text: str) -> bool:
    """Return whether a text is an IP address of the public internet."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None and address not in UNICAST:
            return False
        address = inner or address
    return address.is_global and not address.is_multicast
