"""Kernels that are there at once: forked from a process that has loaded everything, where forks are safe."""

import asyncio
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from weakref import finalize

__all__ = ["START", "ForkedKernel", "Nursery"]

# Without the folder it is started from among the places where modules are looked for.
START = [sys.executable, "-P", "-m", "retention_kit.serving.kernel_start"]
PATIENCE_S = 30
_log = logging.getLogger(__name__)


class ForkedKernel:
    """The process of a kernel, as far as Jupyter knows a ``Popen``: watched and signalled by its handle.

    Its exit status is known to its parent alone, so it is always told as 0.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)
        finalize(self, os.close, self._handle)

    def poll(self) -> int | None:
        """Return None while the process lives."""
        return self._ended(0)

    def wait(self) -> int | None:
        """Wait for the end of the process."""
        return self._ended(None)

    def send_signal(self, signum: int) -> None:
        """Send a signal, to nobody else even when the process is gone."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, signum)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: int | None) -> int | None:
        waiting = select.poll()
        waiting.register(self._handle, select.POLLIN)
        return 0 if waiting.poll(timeout) else None


class Nursery:
    """The process that kernels are forked from.

    Parameters
    ----------
    environment : Mapping of str to str
        What the process is given. It holds no secrets, as kernels inherit its memory.
    folder : Path
        Where the process works.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment, self._folder = dict(environment), folder
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._turn = asyncio.Lock()

    @staticmethod
    def possible() -> bool:
        """Tell whether a kernel can be forked here, and watched without being its parent."""
        if sys.platform != "linux":
            return False
        try:
            os.close(os.pidfd_open(os.getpid()))
        except OSError:  # an old system, or a container that forbids it
            return False
        return True

    def open(self) -> socket.socket:
        """Start the process; what it loads takes a second, and requests wait for it."""
        self.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603
                [*START, "--nursery", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=self._environment,
                cwd=self._folder,
                start_new_session=True,
            )
        self._line = ours
        return ours

    def _opened(self) -> socket.socket:
        if self._line is None or self._process is None or self._process.poll() is not None:
            return self.open()
        return self._line

    def close(self) -> None:
        """End the process; kernels that were forked from it follow it within a second."""
        if self._process is not None and self._line is not None:
            self._line.close()
            self._process.kill()
            self._process.wait()
        self._process = self._line = None

    async def kernel(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: str
    ) -> ForkedKernel | None:
        """Return a new kernel, or None when that fails and it must be started as usual.

        Parameters
        ----------
        arguments : sequence of str
            As on the command line of a kernel.
        environment : Mapping of str to str
            The kernel's environment, in place of the nursery's.
        folder : str
            Where the kernel works.
        """
        request = {"arguments": list(arguments), "environment": dict(environment), "folder": folder}
        reason: Exception
        async with self._turn:
            loop = asyncio.get_running_loop()
            try:
                line = self._opened()
                await loop.sock_sendall(line, json.dumps(request).encode())
                answer = await asyncio.wait_for(loop.sock_recv(line, 64), PATIENCE_S)
                return ForkedKernel(int(answer))
            except TimeoutError as error:
                self.close()  # or the answer, when it comes, would be taken for that to the next request
                reason = error
            except (OSError, ValueError) as error:
                reason = error
        _log.warning("No kernel from the nursery (%r): starting one as usual.", reason)
        return None
