"""Start the server: check what was asked for, take the port, serve until told to stop."""

import errno
import ipaddress
import os
import socket
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from retention_kit.errors import ParameterError, ServeError
from retention_kit.notebooks import NOTEBOOKS, Notebook

__all__ = ["serve"]


def serve(
    datasets: Mapping[str, Path],
    *,
    notebooks: Path,
    announce: Callable[[str], None],
    host: str = "127.0.0.1",
    port: int = 8866,
    painter: Sequence[str] = (),
    token: str | None = None,
    max_kernels: int = 8,
    idle_timeout: float = 600,
) -> None:
    """Serve the workbook as read-only apps, one kernel a viewer, until interrupted.

    Parameters
    ----------
    datasets : Mapping of str to Path
        Registered name → dataset file (TOML). Viewers see the name and the file's ``title``.
    notebooks : Path
        Folder with the notebooks of the workbook; other files in it are never served.
    announce : Callable
        Called once with the address, as soon as the port is bound.
    host : str
        Interface to listen on; anything but loopback needs a token.
    port : int
        TCP port, 0 to 65535; 0 takes a free one, which ``announce`` tells.
    painter : sequence of str
        Arguments of Python that run the program which draws pages ahead of their kernels, in a folder
        given as its last argument; none: pages open with a frame only.
    token : str, optional
        What a viewer must bring once, in the address or in the form on the page.
    max_kernels : int
        Viewers served at the same time, at least 1; the next one is asked to come back.
    idle_timeout : float
        Seconds without use after which a viewer's kernel is ended.

    Raises
    ------
    ParameterError
        When a number is out of its range.
    ServeError
        When there is no notebook to serve, a token is missing, or the port cannot be taken.
    """
    _check_numbers(port=port, max_kernels=max_kernels, idle_timeout=idle_timeout)
    served = _found(notebooks)
    if not token and not _is_loopback(host):
        raise ServeError(
            f"Listening on {host} lets other machines in, and no token was given.",
            todo="Give a token, or listen on 127.0.0.1.",
        )
    bound = _bound(host, port)
    try:
        # The server's own imports take a second: a wrong argument should not wait for them.
        from retention_kit.serving.app import run

        with tempfile.TemporaryDirectory(prefix="rk-", dir=_short_temporary_folder()) as folder:
            run(
                served,
                datasets,
                folder=Path(folder),
                bound=bound,
                announce=lambda: announce(_address(host, bound)),
                painter=painter,
                token=token,
                max_kernels=max_kernels,
                idle_timeout=idle_timeout,
                loopback=_is_loopback(host),
            )
    finally:
        bound.close()


def _check_numbers(*, port: int, max_kernels: int, idle_timeout: float) -> None:
    if not 0 <= port <= 65535:
        raise ParameterError(f"port={port} is not allowed.", todo="Give a number from 0 to 65535.")
    if max_kernels < 1:
        raise ParameterError(f"max_kernels={max_kernels} is not allowed.", todo="Give at least 1.")
    if not idle_timeout >= 1:
        raise ParameterError(f"idle_timeout={idle_timeout} is not allowed.", todo="Give at least 1 second.")


def _found(folder: Path) -> dict[Path, Notebook]:
    found = {folder / one.file: one for one in NOTEBOOKS.values() if (folder / one.file).is_file()}
    if not found:
        files = ", ".join(one.file for one in NOTEBOOKS.values())
        raise ServeError(
            f"There is no notebook of the workbook in {str(folder)!r}.", todo=f"Looked for: {files}."
        )
    return found


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family, backlog=128)
        bound.setblocking(False)
        return bound
    except (OSError, UnicodeError) as error:
        code = getattr(error, "errno", None)
        if code == errno.EADDRINUSE:
            raise ServeError(
                f"Port {port} on {host} is taken by another program.",
                todo="Stop that program, or choose another port.",
            ) from None
        if code == errno.EACCES:
            raise ServeError(
                f"Port {port} may not be opened by this user.", todo="Choose a port above 1023."
            ) from None
        raise ServeError(
            f"Cannot listen on {host!r}, port {port}: {getattr(error, 'strerror', None) or error}.",
            todo="Give an address of this machine, such as 127.0.0.1.",
        ) from None


def _address(host: str, bound: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{bound.getsockname()[1]}/"


def _short_temporary_folder() -> str | None:
    # Kernels talk through socket files, whose paths may not exceed about 100 characters.
    if os.name == "posix" and len(tempfile.gettempdir()) > 24 and os.path.isdir("/tmp"):  # noqa: S108
        return "/tmp"  # noqa: S108
    return None
