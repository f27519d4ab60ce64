"""What all pages share: the look, the security headers' exceptions, and kind words for errors."""

import secrets
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import jinja2
from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from tornado.web import HTTPError, RequestHandler

from retention_kit.charts.theme import css
from retention_kit.notebooks import KINDS
from retention_kit.serving.access import TokenAccess, without_token

__all__ = [
    "HealthHandler",
    "LandingHandler",
    "LoginHandler",
    "NotFoundHandler",
    "PageHandler",
    "duration",
    "new_error_id",
    "templates",
    "titles",
]

FOLDER = Path(__file__).parent / "templates" / "retention"
RETRY_AFTER_S = 30
MESSAGES = {
    401: ("Not this one", "That token is not the right one. Ask the person who sent you the link."),
    403: ("This page asks for a token", "Open the link you were given, or type the token here."),
    404: ("There is no such page", "The link may be old, or mistyped."),
    500: ("This page could not be calculated", "Nothing you did is lost."),
    503: ("All places are taken", "Others are using the workbook just now. Please try again in a minute."),
}
OTHERWISE = ("This did not work", "The server could not answer this request.")


@cache
def templates(*, streamed: bool = False) -> jinja2.Environment:
    """Return the workbook's templates; those of a streamed page may wait for its cells."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, enable_async=streamed, trim_blocks=True
    )
    for name in ("retention.css", "opening.css", "page.js", "favicon.svg"):
        environment.globals[name.replace(".", "_")] = (FOLDER / name).read_text("utf-8")
    environment.filters["duration"] = duration
    environment.globals["retention_css"] = f"{css()}{environment.globals['retention_css']}"
    environment.filters["in_address"] = lambda text: quote(text, safe="")
    return environment


def duration(seconds: float) -> str:
    """Return a length of time as people say it.

    >>> duration(0.4), duration(1.2), duration(8.6), duration(100)
    ('a second', 'a second', '9 seconds', '2 minutes')
    """
    if seconds < 90:
        return "a second" if seconds < 1.5 else f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes"


def titles(datasets: Mapping[str, Path]) -> dict[str, str]:
    """Return the title of each dataset: the ``title`` in its file, or its registered name."""
    return {name: _title(path) or name for name, path in datasets.items()}


def _title(path: Path) -> str:
    try:
        title = tomllib.loads(path.read_text("utf-8")).get("title", "")
    except (OSError, ValueError):
        # The file's own page says what is wrong with it; the list still shows the name.
        return ""
    return " ".join(title.split()) if isinstance(title, str) else ""


class PageHandler(JupyterHandler):
    """A page for people."""

    error_id = ""

    @property
    def access(self) -> TokenAccess:
        """Who may look."""
        return cast("TokenAccess", self.identity_provider)

    def page(self, name: str, **values: Any) -> str:
        """Return a finished page."""
        return templates().get_template(name).render(values)

    def get_login_url(self) -> str:
        """Answer 403 in place, instead of sending the viewer to another address."""
        raise HTTPError(403)

    async def prepare(self) -> None:  # type: ignore[override]
        """Check the token, and take it out of the address bar once it has served."""
        self.set_header("Cache-Control", "no-store")
        await super().prepare()
        if self.request.method == "GET" and "token" in self.request.query_arguments:
            query = without_token(self.request)
            self.redirect(self.request.path + (f"?{query}" if query else ""))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log an unforeseen error under the number the viewer is shown."""
        if isinstance(value, HTTPError):
            super().log_exception(typ, value, tb)
        else:
            self.error_id = new_error_id()
            self.log.error("Page error %s at %s", self.error_id, self.request.path, exc_info=(typ, value, tb))

    def write_error(self, status_code: int, **_: Any) -> None:
        """Say in plain words what is wrong; the reason stays in the log."""
        if status_code == 503:
            self.set_header("Retry-After", str(RETRY_AFTER_S))
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(self._error_page(status_code))

    def _error_page(self, status_code: int) -> str:
        title, text = MESSAGES.get(status_code, OTHERWISE)
        asks = status_code in (401, 403) and self.access.auth_enabled
        if status_code == 403 and not asks:
            title, text = OTHERWISE
        query = without_token(self.request)
        return self.page(
            "error.html",
            status_code=status_code,
            title=title,
            text=text,
            error_id=self.error_id,
            asks_token=asks,
            next=self.get_query_argument("next", self.request.path + (f"?{query}" if query else "")),
            xsrf_token=self.xsrf_token.decode("ascii") if asks else "",
        )


def new_error_id() -> str:
    """Return a short number that ties what the viewer sees to the traceback in the log."""
    return f"E-{secrets.token_hex(4)}"


class LandingHandler(PageHandler):
    """Lists the notebooks and the datasets they can be opened with."""

    def initialize(self, notebooks: list[Any], titles: Mapping[str, str]) -> None:
        """Take what there is to list."""
        self.notebooks, self.titles = notebooks, titles

    def get(self) -> None:
        """Send the list."""
        self.finish(self.page("landing.html", notebooks=self.notebooks, datasets=self.titles, kinds=KINDS))

    head = get


class LoginHandler(PageHandler):
    """Takes the token from the form."""

    @allow_unauthenticated
    def post(self) -> None:
        """Let the viewer in, and on to the page that was asked for."""
        if not self.access.fits(self.get_body_argument("token", "")):
            raise HTTPError(401)
        self.access.remember(self)
        self.redirect(_local(self.get_query_argument("next", "/")))


def _local(address: str) -> str:
    # "//host" and "/\host" leave this server, in the eyes of some browsers.
    return address if address.startswith("/") and address[1:2] not in ("/", "\\") else "/"


class NotFoundHandler(PageHandler):
    """Any other address."""

    @allow_unauthenticated
    async def prepare(self) -> None:  # type: ignore[override]
        """Answer 404 to every method."""
        raise HTTPError(404)


class HealthHandler(RequestHandler):
    """Tells a health check that the server answers; starts no kernel and needs no token."""

    def get(self) -> None:
        """Send a word."""
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("ok\n")

    head = get
