"""What the pages say, and who may read them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from retention_kit.notebooks import KINDS, NOTEBOOKS
from retention_kit.serving.pages import LandingHandler, _local, titles

Serving = Callable[..., Any]


def test_title_of_a_dataset_falls_back_to_its_name(tmp_path: Path) -> None:
    files = {
        "named": 'title = "Two\\n  lines"',
        "untitled": "currency = 'EUR'",
        "number": "title = 3",
        "broken": "title = ",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    paths = {name: tmp_path / f"{name}.toml" for name in [*files, "missing"]}
    assert titles(paths) == {
        "named": "Two lines",
        "untitled": "untitled",
        "number": "number",
        "broken": "broken",
        "missing": "missing",
    }


def test_landing_page_lists_questions_and_datasets_escaped_and_without_paths(
    serving: Serving, tmp_path: Path
) -> None:
    async def scenario(client: Any) -> None:
        page = await client.get("/")
        text = page.body.decode()
        assert "Who comes back, and is it getting better?" in text
        assert "Shop &amp; &lt;b&gt;Sons&lt;/b&gt;</a>" in text
        assert 'href="/voila/render/01_cohorts.ipynb?dataset=lost">lost</a>' in text
        assert str(tmp_path) not in text
        assert page.headers["Cache-Control"] == "no-store"
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        assert client.kernels.taken == 0

    serving(scenario)


def test_landing_page_says_which_notebook_answers_which_kind_of_question(serving: Serving) -> None:
    async def scenario(client: Any) -> None:
        text = (await client.get("/")).body.decode()
        guide = text.split("Which notebook answers which question?")[1]
        answers = NOTEBOOKS["cohorts"].answers
        for kind, asked in KINDS.items():
            heading = f"<dt>{kind.capitalize()}: {asked.lower()}</dt>"
            assert (heading in guide) == (kind in answers)
        for answer in answers.values():
            assert f'<dd>{answer} <a href="#cohorts">Cohorts</a></dd>' in guide
        assert '<section class="rk-app-card" id="cohorts">' in text
        assert "Scorecard" not in guide  # it is not served here

    serving(scenario)


def test_health_check_and_head_requests_start_no_kernel(serving: Serving) -> None:
    async def scenario(client: Any) -> None:
        for method, path, code in (
            ("GET", "/healthz", 200),
            ("HEAD", "/healthz", 200),
            ("HEAD", "/", 200),
            ("HEAD", "/voila/render/01_cohorts.ipynb", 200),
            ("HEAD", "/voila/render/other.ipynb", 404),
        ):
            assert (await client.get(path, method=method)).code == code
        assert client.kernels.taken == 0

    serving(scenario)


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/voila/files/01_cohorts.ipynb",
        "/voila/render/other.ipynb",
        "/voila/render/..%2Fnotebooks%2F01_cohorts.ipynb",
        "/voila/render/sub/01_cohorts.ipynb",
        "/voila/tree",
        "/voila/api/contents",
        "/api/kernels",
        "/voila/static/voila.js",
    ],
)
def test_nothing_but_the_workbook_is_served(serving: Serving, path: str) -> None:
    async def scenario(client: Any) -> None:
        answer = await client.get(path)
        assert answer.code == 404
        assert "There is no such page" in answer.body.decode()
        assert client.kernels.taken == 0

    serving(scenario)


def test_page_elsewhere_cannot_reach_the_server_under_a_name_of_its_own(serving: Serving) -> None:
    async def scenario(client: Any) -> None:
        answer = await client.get("/", headers={"Host": "evil.example"})
        assert answer.code == 403
        assert "This did not work" in answer.body.decode()
        assert "Shop" not in answer.body.decode()

    serving(scenario)


def test_without_the_token_there_is_a_form_and_nothing_else(serving: Serving) -> None:
    async def scenario(client: Any) -> None:
        for path in ("/", "/voila/render/01_cohorts.ipynb?dataset=shop", "/?token=wrong"):
            answer = await client.get(path)
            assert answer.code == 403
            assert "asks for a token" in answer.body.decode()
            assert "Shop" not in answer.body.decode()
        for path in ("/voila/api/shutdown/", "/api/kernels/"):
            kernel = "00000000-0000-4000-8000-000000000000"
            assert (await client.get(f"{path}{kernel}", method="GET")).code in (403, 405)
        assert (await client.get("/healthz")).code == 200
        assert client.kernels.taken == 0

    serving(scenario, token="right")


def test_token_in_the_address_is_taken_out_and_kept_in_a_cookie(serving: Serving) -> None:
    async def scenario(client: Any) -> None:
        answer = await client.get("/?a=1&token=right&b=%26")
        assert answer.code == 302
        assert answer.headers["Location"] == "/?a=1&b=%26"
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "right" not in cookie
        again = await client.get("/", headers={"Cookie": cookie.split(";")[0]})
        assert again.code == 200
        forged = await client.get("/", headers={"Cookie": cookie.split("=")[0] + "=viewer"})
        assert forged.code == 403

    serving(scenario, token="right")


@pytest.mark.parametrize(("token", "code"), [("right", 302), ("wrong", 401), ("", 401)])
def test_form_lets_in_with_the_right_token_only(serving: Serving, token: str, code: int) -> None:
    async def scenario(client: Any) -> None:
        form = (await client.get("/?dataset=a%26b")).body.decode()
        action = form.split('action="')[1].split('"')[0]
        xsrf = form.split('name="_xsrf" value="')[1].split('"')[0]
        answer = await client.get(
            action,
            method="POST",
            headers={"Cookie": f"_xsrf={xsrf}"},
            body=urlencode({"_xsrf": xsrf, "token": token}),
        )
        assert answer.code == code
        assert answer.headers.get("Location", "/?dataset=a%26b") == "/?dataset=a%26b"
        if code == 401:
            assert "not the right one" in answer.body.decode()

    serving(scenario, token="right")


def test_form_of_another_site_is_refused(serving: Serving) -> None:
    async def scenario(client: Any) -> None:
        answer = await client.get("/login", method="POST", body="token=right")
        assert answer.code == 403

    serving(scenario, token="right")


@pytest.mark.parametrize("address", ["https://evil.example", "//evil.example", "/\\evil.example", ""])
def test_the_form_leads_nowhere_else(address: str) -> None:
    assert _local(address) == "/"


def test_unforeseen_error_shows_a_number_that_stands_in_the_log(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Any) -> None:
        raise RuntimeError("/secret/path")

    monkeypatch.setattr(LandingHandler, "get", broken)

    async def scenario(client: Any) -> None:
        answer = await client.get("/")
        text = answer.body.decode()
        assert answer.code == 500
        assert "/secret/path" not in text
        number = text.split("<strong>")[1].split("</strong>")[0]
        assert number in caplog.text
        assert "/secret/path" in caplog.text

    serving(scenario)
