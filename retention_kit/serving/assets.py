"""The scripts of Voilà, its widgets and the charts: packed once, kept by the browser for good."""

import asyncio
import gzip
import hashlib
import json
import logging
import mimetypes
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tornado.web import HTTPError, RequestHandler
from voila.configuration import VoilaConfiguration
from voila.utils import get_page_config

from retention_kit import __version__
from retention_kit.charts.bundle import chart_library

__all__ = ["AssetHandler", "ChartLibraryHandler", "frontend_config"]

# The widgets' own scripts, Voilà's manager for them, and anywidget: nothing else an installation
# of JupyterLab may have collected.
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget")
FOREVER = "public, max-age=31536000, immutable"


def frontend_config(configuration: VoilaConfiguration) -> dict[str, Any]:
    """Return what Voilà's script reads from the page, without a kernel, and where the page finds scripts.

    The addresses carry a digest of the versions, so that browsers may keep what they fetch.
    """
    config = get_page_config(
        "/", {"mathjax_url": "", "mathjax_config": ""}, logging.getLogger(), configuration
    )
    ours = _digest([config["appVersion"], config["federated_extensions"]])
    return config | {
        "fullStaticUrl": f"/assets/{ours}/voila",
        "fullLabextensionsUrl": f"/assets/{ours}/extensions",
        "chartLibraryUrl": f"/assets/{_digest([__version__, version('vl-convert-python')])}/charts.js",
        "jupyterLabTheme": "light",
    }


def _digest(versions: list[Any]) -> str:
    return hashlib.sha256(json.dumps(versions, sort_keys=True).encode()).hexdigest()[:12]


class _KeptHandler(RequestHandler):
    """Sends what holds no secrets, needs no token, and never changes under its address."""

    def _send(self, kind: str, plain: bytes, packed: bytes | None) -> None:
        self.set_header("Content-Type", kind)
        self.set_header("Cache-Control", FOREVER)
        self.set_header("Vary", "Accept-Encoding")
        self.set_header("X-Content-Type-Options", "nosniff")
        if packed is not None and "gzip" in self.request.headers.get("Accept-Encoding", ""):
            self.set_header("Content-Encoding", "gzip")
            self.write(packed)
        else:
            self.write(plain)


class AssetHandler(_KeptHandler):
    """Serves the files below some folders."""

    def initialize(self, roots: list[str]) -> None:
        """Take the folders, the first match wins."""
        self.roots = tuple(roots)

    def get(self, path: str) -> None:
        """Send a file."""
        file = _located(self.roots, path)
        if file is None:
            raise HTTPError(404)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self._send(kind, *_file(file, pack=not kind.startswith("font/")))


class ChartLibraryHandler(_KeptHandler):
    """Serves the script that draws the charts."""

    async def get(self) -> None:
        """Send the script; putting it together takes a second, once in the life of an installation."""
        self._send("text/javascript", *await asyncio.to_thread(_chart_library))


def _located(roots: tuple[str, ...], path: str) -> Path | None:
    for root in roots:
        file = Path(root, path).resolve()
        if file.is_file() and file.is_relative_to(Path(root).resolve()):
            return file
    return None


def _packed(plain: bytes) -> bytes:
    return gzip.compress(plain, compresslevel=6, mtime=0)


@lru_cache(maxsize=512)
def _file(file: Path, *, pack: bool) -> tuple[bytes, bytes | None]:
    plain = file.read_bytes()
    return plain, _packed(plain) if pack else None


@lru_cache(maxsize=1)
def _chart_library() -> tuple[bytes, bytes]:
    plain = chart_library().encode()
    return plain, _packed(plain)
