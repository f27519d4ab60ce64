"""Who may look: everybody on this machine, or whoever brings the token."""

import hmac
from typing import Any
from urllib.parse import urlencode

from jupyter_server.auth.identity import IdentityProvider, User

__all__ = ["TokenAccess", "without_token"]

VIEWER = User("viewer", "viewer", "viewer", "v", None, None)


class TokenAccess(IdentityProvider):
    """Lets in viewers who bring the token, once; a signed cookie remembers them."""

    @property
    def auth_enabled(self) -> bool:
        """Whether a token is asked for at all."""
        return bool(self.token)

    def get_user(self, handler: Any) -> User | None:
        """Return the viewer, or None when the token is missing or wrong."""
        if not self.auth_enabled:
            return VIEWER
        name = self.get_cookie_name(handler)
        if handler.get_signed_cookie(name) == b"viewer":
            return VIEWER
        if not self.fits(handler.get_query_argument("token", "")):
            return None
        self.remember(handler)
        return VIEWER

    def fits(self, given: str) -> bool:
        """Compare in constant time: the duration must not tell how much of a guess was right."""
        return bool(given) and hmac.compare_digest(given.encode(), str(self.token).encode())

    def remember(self, handler: Any) -> None:
        """Set the cookie that stands for the token."""
        handler.set_signed_cookie(
            self.get_cookie_name(handler),
            "viewer",
            httponly=True,
            samesite="Lax",
            secure=handler.request.protocol == "https",
        )


def without_token(request: Any) -> str:
    """Return a request's query string without its token, which is nobody else's business."""
    pairs = [
        (name, value.decode("utf-8", "replace"))
        for name, values in request.query_arguments.items()
        if name != "token"
        for value in values
    ]
    return urlencode(pairs)
