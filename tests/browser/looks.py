"""What a page must keep to, however wide it is and whatever its colours."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

__all__ = ["faults", "faults_in_both_schemes"]


def faults(page: Page) -> list[tuple[str, str, str]]:
    """What axe finds serious or critical."""
    return [
        (found["impact"], found["id"], node["html"][:200])
        for found in Axe().run(page).response["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


def faults_in_both_schemes(page: Page) -> list[object]:
    """The same on a desktop and a phone, light and dark, and where the page is wider than the screen."""
    found: list[object] = []
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found += [(width, scheme, *one) for one in faults(page)]
            if (wide := page.evaluate("document.documentElement.scrollWidth")) != width:
                found.append((width, scheme, f"{wide} pixels wide"))
    return found
