"""Voilà, set up for the workbook: its kernels and scripts, our pages, and nothing else."""

import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import nbformat
from jupyter_server.services.kernels.handlers import KernelHandler
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from traitlets.config import Config
from voila.app import Voila

from retention_kit.notebooks import Notebook
from retention_kit.serving.access import TokenAccess
from retention_kit.serving.assets import EXTENSIONS, AssetHandler, ChartLibraryHandler, frontend_config
from retention_kit.serving.kernels import ViewerKernels, WorkbookKernelSpecs, kernel_environment
from retention_kit.serving.lines import GoneHandler, WidgetLineHandler
from retention_kit.serving.notebook_page import NotebookPageHandler
from retention_kit.serving.nursery import Nursery
from retention_kit.serving.pages import HealthHandler, LandingHandler, LoginHandler, NotFoundHandler, titles
from retention_kit.serving.pictures import Pictures
from retention_kit.serving.view import ServedNotebook, first_views

__all__ = ["run"]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        # Widgets bring their scripts over the websocket and run them from blobs.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
# What a viewer may send at once: values of controls, never files.
MESSAGE_LIMIT_BYTES = 4 * 2**20
# The chart library reaches the page as one message of a megabyte; the stock limit drops such.
OUTPUT_LIMIT_BYTES_PER_S = 1e9
KERNEL = r"(?P<kernel_id>[0-9a-f-]{36})"


class WorkbookServer(Voila):
    """Serves the pages of the workbook."""

    def __init__(self, **kwargs: Any) -> None:
        self.served: dict[str, ServedNotebook] = kwargs.pop("served")
        self.datasets: Mapping[str, Path] = kwargs.pop("datasets")
        self.bound: socket.socket = kwargs.pop("bound")
        self.folder: Path = kwargs.pop("folder")
        self.environment = kernel_environment(os.environ, datasets=self.datasets, folder=self.folder)
        painter: Sequence[str] = kwargs.pop("painter")
        self.pictures = Pictures(self.datasets, program=painter, environment=self.environment)
        self.loopback: bool = kwargs.pop("loopback")
        self.ready: Callable[[], None] = kwargs.pop("ready")
        super().__init__(**kwargs)

    def init_settings(self) -> dict[str, Any]:  # type: ignore[override]
        """Add to Voilà's settings what the pages need, and turn off what they do not."""
        settings = cast("dict[str, Any]", super().init_settings())
        return settings | {
            # A page elsewhere must not reach this machine's server under a name of its own.
            "allow_remote_access": not self.loopback,
            "compress_response": True,
            "default_handler_class": NotFoundHandler,
            "log_function": self._log_request,
            "xsrf_cookie_kwargs": {"samesite": "Lax"},
        }

    def init_handlers(self) -> list[Any]:  # type: ignore[override]
        """List every address that answers; Voilà's own list would serve files, folders and a tree."""
        names = titles(self.datasets)
        frontend = frontend_config(self.voila_configuration)
        page = {
            "notebooks": self.served,
            "datasets": self.datasets,
            "environment": self.environment,
            "frontend": frontend,
            "pictures": self.pictures,
        }
        return [
            (
                r"/",
                LandingHandler,
                {"notebooks": [one.entry for one in self.served.values()], "titles": names},
            ),
            (r"/voila/render/([^/]+)", NotebookPageHandler, page),
            (r"/login", LoginHandler),
            (r"/healthz", HealthHandler),
            (rf"/api/kernels/{KERNEL}", KernelHandler),
            (rf"/api/kernels/{KERNEL}/channels", WidgetLineHandler),
            (rf"/voila/api/shutdown/{KERNEL}", GoneHandler),
            (frontend["chartLibraryUrl"], ChartLibraryHandler),
            (frontend["fullStaticUrl"] + "/(.+)", AssetHandler, {"roots": self.static_paths}),
            (
                frontend["fullLabextensionsUrl"] + f"/((?:{'|'.join(EXTENSIONS)})/.+)",
                AssetHandler,
                {"roots": self.labextensions_path},
            ),
        ]

    def listen(self) -> None:
        """Answer on the socket bound already, until told to stop."""
        server = HTTPServer(self.app, xheaders=False)
        server.add_socket(self.bound)
        self.ioloop = IOLoop.current()
        self.ioloop.add_callback(self.ready)
        # Nobody waits for the views that the landing page leads to.
        self.ioloop.add_callback(self.pictures.want_all, first_views(self.served.values(), self.datasets))
        if Nursery.possible():
            nursery = Nursery(self.environment, Path(self.root_dir))
            nursery.open()
            self.kernel_manager.nursery = nursery
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            self.log.info("Stopping.")
        finally:
            server.stop()
            self.stop()

    def stop(self) -> None:
        """End all kernels; their connection files go with the folder they are in."""
        self.pictures.stop()
        self.ioloop.run_sync(lambda: self.kernel_manager.shutdown_all(now=True))
        if self.kernel_manager.nursery is not None:
            self.kernel_manager.nursery.close()

    def _log_request(self, handler: Any) -> None:
        # The path only: a query string may hold a mistyped token.
        status, request = handler.get_status(), handler.request
        level = logging.DEBUG if status < 400 else logging.INFO if status < 500 else logging.WARNING
        self.log.log(
            level, "%d %s %s %.0f ms", status, request.method, request.path, 1000 * request.request_time()
        )


def run(
    notebooks: Mapping[Path, Notebook],
    datasets: Mapping[str, Path],
    *,
    folder: Path,
    bound: socket.socket,
    announce: Callable[[], None],
    painter: Sequence[str],
    token: str | None,
    max_kernels: int,
    idle_timeout: float,
    loopback: bool,
) -> None:
    """Serve ``notebooks`` on the socket ``bound`` until interrupted; ``folder`` is where kernels work."""
    server = WorkbookServer.instance(
        config=_config(folder, token=token, max_kernels=max_kernels, idle_timeout=idle_timeout),
        served={
            path.name: ServedNotebook(
                entry,
                nbformat.read(path, as_version=4),  # type: ignore[no-untyped-call]
            )
            for path, entry in notebooks.items()
        },
        datasets=datasets,
        bound=bound,
        folder=folder,
        loopback=loopback,
        ready=announce,
        painter=painter,
    )
    try:
        server.initialize(argv=[])  # type: ignore[no-untyped-call]
        server.start()  # type: ignore[no-untyped-call]
    finally:
        WorkbookServer.clear_instance()


def _config(folder: Path, *, token: str | None, max_kernels: int, idle_timeout: float) -> Config:
    work = folder / "work"
    work.mkdir()
    idle_s = int(idle_timeout)
    return Config(
        {
            "Voila": {
                # A configuration left by another use of Voilà on this machine must not loosen this one.
                "config_file_paths": [],
                "root_dir": str(work),
                "connection_dir_root": str(folder),
                "token": token or "",
                "identity_provider_class": TokenAccess,
                "tornado_settings": {
                    "headers": {
                        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                        "Referrer-Policy": "same-origin",
                    },
                    "websocket_max_message_size": MESSAGE_LIMIT_BYTES,
                    "websocket_compression_options": {"compression_level": 1},
                },
            },
            "VoilaConfiguration": {
                "allow_template_override": "NO",
                "allow_theme_override": "NO",
                "file_allowlist": [],
                "preheat_kernel": False,
                "extension_allowlist": list(EXTENSIONS),
                "multi_kernel_manager_class": ViewerKernels,
                "kernel_spec_manager_class": WorkbookKernelSpecs,
            },
            "ViewerKernels": {
                "max_kernels": max_kernels,
                "cull_idle_timeout": idle_s,
                "cull_interval": max(1, min(60, idle_s // 4)),
                "cull_connected": True,
                # Messages kept for a page that never comes back would only fill the memory.
                "buffer_offline_messages": False,
            },
            "KernelManager": {"transport": "ipc" if os.name == "posix" else "tcp"},
            # A kernel that died has lost the page's state: starting another in its place would help nobody.
            "KernelRestarter": {"restart_limit": 0},
            "ZMQChannelsWebsocketConnection": {"iopub_data_rate_limit": OUTPUT_LIMIT_BYTES_PER_S},
        }
    )
