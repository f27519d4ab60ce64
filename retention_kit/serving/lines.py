"""The lines between an open page and its kernel, and what does not pass over them."""

import json
from typing import Any, cast

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import APIHandler
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from tornado.web import HTTPError, authenticated

from retention_kit.serving.kernels import ViewerKernels

__all__ = ["GoneHandler", "WidgetLineHandler", "is_private"]


class GoneHandler(APIHandler):
    """Hears from a page that its tab is being closed."""

    @authenticated
    async def post(self, kernel_id: str) -> None:
        """End the kernel of the page."""
        self.set_status(204)
        self.finish()
        await cast("ViewerKernels", self.kernel_manager).end(kernel_id)


class WidgetLineHandler(KernelWebsocketHandler):
    """The websocket between the widgets and their kernel."""

    @ws_authenticated
    async def get(self, kernel_id: str) -> None:
        """Open the line, unless the kernel is gone."""
        if kernel_id not in self.kernel_manager:
            raise HTTPError(404)
        self.kernel_id = kernel_id
        await super().get(kernel_id=kernel_id)  # type: ignore[no-untyped-call]

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Pass a message on to the page, unless it is for the log only."""
        return None if is_private(message) else super().write_message(message, binary)


def is_private(message: bytes | str | dict[str, Any]) -> bool:
    """Tell whether a kernel's message shows code, a traceback or standard error.

    Parameters
    ----------
    message : bytes, str or dict
        In the binary form of ``v1.kernel.websocket.jupyter.org``, or as JSON.
    """
    if isinstance(message, bytes):
        count = int.from_bytes(message[:8], "little")
        ends = [int.from_bytes(message[8 * part : 8 * part + 8], "little") for part in range(1, count + 1)]
        kind = json.loads(message[ends[1] : ends[2]])["msg_type"]
        content = json.loads(message[ends[4] : ends[5]]) if kind == "stream" else {}
    else:
        read = json.loads(message) if isinstance(message, str) else message
        kind, content = read["header"]["msg_type"], read.get("content", {})
    return kind in ("execute_input", "error") or (kind == "stream" and content.get("name") == "stderr")
