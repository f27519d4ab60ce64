"""The one script every page needs to draw charts: Vega, Vega-Lite and its embedding, with no network."""

import os
import tempfile
from contextlib import suppress
from importlib.metadata import version

from retention_kit.data.cache import cache_folder

__all__ = ["chart_library", "vega_bundle"]

# Charts on a live page wait for the promise, whichever comes first: they, or the library.
_ANNOUNCED = """
;(() => {
  const shared = (window.retentionKit ??= {});
  shared.vega ??= new Promise((resolve) => { shared.resolveVega = resolve; });
  shared.resolveVega?.(window.vegaEmbed);
})();
"""


def chart_library() -> str:
    """Return the script of a live page: the bundle, handed to the charts that wait for it."""
    return vega_bundle() + _ANNOUNCED


def vega_bundle() -> str:
    """Return the script; it puts ``vegaEmbed`` on the window.

    Putting it together takes more than a second, so it is kept in the cache under its version.
    """
    path = cache_folder() / f"vega-{version('vl-convert-python')}.js"
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        pass
    import vl_convert

    script: str = vl_convert.javascript_bundle()  # type: ignore[call-arg] # its stub wants a snippet
    # Pages name the script by the hash of what a browser reads, and it reads every line end as "\n".
    script = script.replace("\r\n", "\n").replace("\r", "\n")
    with suppress(OSError):  # a cache that cannot be written to is for the data's reader to say
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(script)
        os.replace(name, path)
    return script
