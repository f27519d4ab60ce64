"""The page of a notebook: streamed while its cells run in the viewer's own kernel."""

import asyncio
import copy
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, cast

from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from retention_kit.links import LONGEST
from retention_kit.serving.access import without_token
from retention_kit.serving.execution import CellFailureError, shown_cells
from retention_kit.serving.kernels import ViewerKernels
from retention_kit.serving.pages import PageHandler, new_error_id, templates
from retention_kit.serving.pictures import Pictures
from retention_kit.serving.still import still
from retention_kit.serving.view import ServedNotebook, View, view_at

__all__ = ["NotebookPageHandler"]


class NotebookPageHandler(PageHandler):
    """Starts a kernel, runs the notebook in it and streams the page meanwhile."""

    def initialize(
        self,
        notebooks: Mapping[str, ServedNotebook],
        datasets: Mapping[str, Path],
        environment: Mapping[str, str],
        frontend: Mapping[str, Any],
        pictures: Pictures,
    ) -> None:
        """Take what is the same for every viewer."""
        self.notebooks, self.datasets, self.environment = notebooks, datasets, environment
        self.frontend, self.pictures = frontend, pictures
        self._streaming: asyncio.Future[None] | None = None
        self._left = False

    @property
    def kernels(self) -> ViewerKernels:
        """The kernels of the viewers."""
        return cast("ViewerKernels", self.kernel_manager)

    def head(self, file: str) -> None:
        """Tell that there is such a page, without starting a kernel; who asks may soon send the link."""
        self.pictures.want(self._view(self._found(file)))

    async def get(self, file: str) -> None:
        """Send the page."""
        notebook = self._found(file)
        if "prefetch" in self.request.headers.get("Sec-Purpose", ""):
            raise HTTPError(503, "no kernel for a page nobody has opened yet")
        # Voilà's script ends the kernel when the tab closes, and proves with this cookie that the
        # request is its own; nothing else on the page would set it.
        _ = self.xsrf_token
        view = self._view(notebook)
        picture = self.pictures.find(view)
        kernel_id = self.kernels.admit()
        self._streaming = asyncio.ensure_future(self._stream(view, picture, kernel_id))
        try:
            await self._streaming
        except (StreamClosedError, asyncio.CancelledError):
            self.log.info("The viewer of %s left before it was ready.", file)
        finally:
            self.kernels.give_back(kernel_id)

    def on_connection_close(self) -> None:
        """Stop working for a viewer who has left."""
        self._left = True
        if self._streaming is not None:
            self._streaming.cancel()

    def _found(self, file: str) -> ServedNotebook:
        if file not in self.notebooks:
            raise HTTPError(404)
        return self.notebooks[file]

    def _view(self, notebook: ServedNotebook) -> View:
        return view_at(notebook, without_token(self.request), self.datasets)

    async def _stream(self, view: View, picture: Mapping[str, str] | None, kernel_id: str) -> None:
        live, start, notebook = False, time.monotonic(), view.notebook
        try:
            page = (
                templates(streamed=True)
                .get_template("notebook.html")
                .generate_async(
                    notebook=notebook.entry,
                    frontend={**self.frontend, "kernelId": kernel_id},
                    still=still(view, picture or {}, datasets=len(self.datasets)),
                    pictured=picture is not None,
                    usual_seconds=self.pictures.usual_seconds(view),
                    count=len(notebook.node.cells),
                    cells=self._cells(notebook, kernel_id),
                )
            )
            async for piece in page:
                self.write(piece)
            await self.flush()
            live = not self.error_id
            if live:
                self.pictures.took(view, time.monotonic() - start)
                self.pictures.want(view)
        finally:
            # Shielded: the viewer's leaving cancels this very task, and the kernel must still end.
            if live:
                self.kernels.end_soon(kernel_id)
            else:
                await asyncio.shield(self.kernels.end(kernel_id, now=self._left))

    async def _cells(self, notebook: ServedNotebook, kernel_id: str) -> AsyncIterator[dict[str, Any]]:
        # What can be shown without the kernel is on its way before the kernel takes the processor.
        await self.flush()
        try:
            kernel = await self.kernels.begin(kernel_id, self._environment(kernel_id))
            async for shown in shown_cells(copy.deepcopy(notebook.node), kernel):
                yield {"shown": shown}
                await self.flush()
        except (CellFailureError, OSError, RuntimeError) as failure:
            if self._left:
                # Stopped by us: for the cell that looks as if its kernel had died.
                raise asyncio.CancelledError from None
            self.error_id = new_error_id()
            self.log.error(
                "Page error %s in %s?%s\n%s",
                self.error_id,
                notebook.entry.file,
                without_token(self.request),
                failure,
            )
            yield {"error_id": self.error_id}

    def _environment(self, kernel_id: str) -> dict[str, str]:
        return {
            **self.environment,
            "SCRIPT_NAME": self.request.path,
            "QUERY_STRING": without_token(self.request)[: LONGEST + 1],  # an environment is no place for more
            "VOILA_KERNEL_ID": kernel_id,
        }
