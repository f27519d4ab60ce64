"""The scripts of Voilà and its widgets: packed once, kept by the browser for good."""

import gzip
import hashlib
import json
import logging
import mimetypes
from functools import lru_cache
from pathlib import Path
from typing import Any

from tornado.web import HTTPError, RequestHandler
from voila.configuration import VoilaConfiguration
from voila.utils import get_page_config

__all__ = ["AssetHandler", "frontend_config"]

# The widgets' own scripts, Voilà's manager for them, and anywidget: nothing else an installation
# of JupyterLab may have collected.
EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget")
FOREVER = "public, max-age=31536000, immutable"


def frontend_config(configuration: VoilaConfiguration) -> dict[str, Any]:
    """Return what Voilà's script reads from the page, without a kernel.

    The addresses carry a digest of the versions, so that browsers may keep what they fetch.
    """
    config = get_page_config(
        "/", {"mathjax_url": "", "mathjax_config": ""}, logging.getLogger(), configuration
    )
    named = json.dumps([config["appVersion"], config["federated_extensions"]], sort_keys=True)
    digest = hashlib.sha256(named.encode()).hexdigest()[:12]
    return config | {
        "fullStaticUrl": f"/assets/{digest}/voila",
        "fullLabextensionsUrl": f"/assets/{digest}/extensions",
        "jupyterLabTheme": "light",
    }


class AssetHandler(RequestHandler):
    """Serves the files below some folders, compressed; they hold no secrets and need no token."""

    def initialize(self, roots: list[str]) -> None:
        """Take the folders, the first match wins."""
        self.roots = tuple(roots)

    def get(self, path: str) -> None:
        """Send a file."""
        file = _located(self.roots, path)
        if file is None:
            raise HTTPError(404)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self.set_header("Content-Type", kind)
        self.set_header("Cache-Control", FOREVER)
        self.set_header("Vary", "Accept-Encoding")
        self.set_header("X-Content-Type-Options", "nosniff")
        if "gzip" in self.request.headers.get("Accept-Encoding", "") and not kind.startswith("font/"):
            self.set_header("Content-Encoding", "gzip")
            self.write(_packed(file))
        else:
            self.write(file.read_bytes())


def _located(roots: tuple[str, ...], path: str) -> Path | None:
    for root in roots:
        file = Path(root, path).resolve()
        if file.is_file() and file.is_relative_to(Path(root).resolve()):
            return file
    return None


@lru_cache(maxsize=512)
def _packed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), compresslevel=6, mtime=0)
