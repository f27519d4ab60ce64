"""A notebook's page: what the viewer sees, and what becomes of the kernel."""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.iostream import IOStream, StreamClosedError
from tornado.websocket import websocket_connect

from retention_kit.serving.kernels import ViewerKernels
from retention_kit.serving.notebook_page import NotebookPageHandler
from retention_kit.serving.pictures import Pictures
from retention_kit.serving.view import View

Serving = Callable[..., Any]
PAGE = "/voila/render/01_cohorts.ipynb"


def kernel_id(page: str) -> str:
    config = page.split('type="application/json">')[1].split("</script>")[0]
    return str(json.loads(config)["kernelId"])


def test_page_carries_title_progress_and_outputs_but_no_code(serving: Serving) -> None:
    async def scenario(client: Any) -> None:
        answer = await client.get(PAGE + "?dataset=shop")
        text = answer.body.decode()
        assert answer.code == 200
        assert "<title>Cohorts</title>" in text
        assert "Sons" not in text, "a dataset in the header is wrong once the controls choose another"
        assert "rk.step(2, 2)" in text
        assert "<pre>&lt;42&gt;\n</pre>" in text
        assert "7 * 6" not in text
        assert "://" not in text.replace("http%3A//www.w3.org/2000/svg", "").split("<body>")[1]

    serving(scenario, "print(f'<{7 * 6}>')")


def test_kernel_sees_the_query_but_no_token_and_no_secret(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "sesame")

    async def scenario(client: Any) -> None:
        login = await client.get(PAGE + "?dataset=shop&grain=week&token=open-up")
        cookie = login.headers["Set-Cookie"].split(";")[0]
        text = (await client.get(login.headers["Location"], headers={"Cookie": cookie})).body.decode()
        assert "&#39;QUERY_STRING&#39;: &#39;dataset=shop&amp;grain=week&#39;" in text
        assert "&#39;RETENTION_SURFACE&#39;: &#39;app&#39;" in text
        assert "open-up" not in text
        assert "sesame" not in text

    serving(scenario, "import os\nprint(dict(os.environ))", token="open-up")


def test_failed_cell_shows_a_number_and_no_path_and_its_kernel_ends(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(client: Any) -> None:
        text = (await client.get(PAGE + "?dataset=shop")).body.decode()
        assert "This page could not be calculated" in text
        assert "secret" not in text
        assert "rk.step(3" not in text
        number = text.split("<strong>")[1].split("</strong>")[0]
        assert f"Page error {number} in 01_cohorts.ipynb?dataset=shop" in caplog.text
        assert "RuntimeError: /secret/path" in caplog.text
        assert client.kernels.taken == 0

    serving(scenario, "raise RuntimeError('/secret' + '/path')", "print('never')")


def test_kernel_that_cannot_start_is_a_page_with_a_number(
    serving: Serving, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise OSError("/secret/python is missing")

    async def scenario(client: Any) -> None:
        monkeypatch.setattr(client.kernels, "start_kernel", broken)
        text = (await client.get(PAGE)).body.decode()
        assert "could not be calculated" in text
        assert "secret" not in text
        assert text.split("<strong>")[1].split("</strong>")[0] in caplog.text
        assert "/secret/python is missing" in caplog.text
        assert client.kernels.taken == 0

    serving(scenario)


def test_before_the_kernel_has_started_the_viewer_has_prose_controls_and_the_picture(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def found(self: Pictures, view: View) -> dict[str, str]:
        asked.append(view.parameters)
        return {view.notebook.node.cells[1].id: "<svg>drawn before</svg>"}

    monkeypatch.setattr(Pictures, "find", found)

    async def scenario(client: Any) -> None:
        start, free = client.kernels.start_kernel, asyncio.Event()

        async def late(**options: Any) -> Any:
            await free.wait()
            return await start(**options)

        monkeypatch.setattr(client.kernels, "start_kernel", late)
        arrived: list[str] = []

        def receive(piece: bytes) -> None:
            arrived.append(piece.decode())

        page = asyncio.ensure_future(client.get(PAGE + "?grain=week", streaming_callback=receive))
        await client.until(lambda: "rk.still(true)" in "".join(arrived))
        before = "".join(arrived).split('<div id="rk-app-still">')[1]
        assert "<svg>drawn before</svg>" in before
        assert "Cohorts" in before.split("</h1>")[0]
        assert "rk.step" not in before
        free.set()
        await page
        assert "rk.step(2, 2)" in "".join(arrived)
        assert asked[0].grain == "week"

    serving(scenario, "6 * 7")


def test_a_view_never_seen_opens_with_a_frame_that_says_how_long_it_usually_takes(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pictures, "usual_seconds", lambda self, view: 3.2)

    async def scenario(client: Any) -> None:
        text = (await client.get(PAGE)).body.decode()
        assert "rk.still(false)" in text
        assert "Computing … This usually takes about 3 seconds." in text
        assert "<span>Period</span><span>month</span>" in text

    serving(scenario, "view.controls()", tags=["controls"])


def test_pictures_are_wanted_of_pages_that_were_opened_and_of_links_that_were_copied(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[Any] = []
    monkeypatch.setattr(Pictures, "want", lambda self, view: wanted.append(view.parameters.grain))

    async def scenario(client: Any) -> None:
        assert (await client.get(PAGE + "?grain=week", method="HEAD")).code == 200
        assert client.kernels.taken == 0
        assert wanted == ["week"]
        await client.get(PAGE + "?grain=year")
        assert wanted == ["week", "year"]

    serving(scenario, "1")


def test_a_viewer_who_leaves_at_once_leaves_his_place_to_the_next(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = NotebookPageHandler.flush

    def gone(self: Any, include_footers: bool = False) -> Any:
        if not include_footers:
            raise StreamClosedError
        return flush(self, include_footers=True)

    async def scenario(client: Any) -> None:
        with monkeypatch.context() as leaving:
            leaving.setattr(NotebookPageHandler, "flush", gone)
            for _ in range(3):
                await client.get(PAGE)
                assert client.kernels.taken == 0
        assert (await client.get(PAGE)).code == 200

    serving(scenario, "1", max_kernels=1)


def test_an_error_before_the_page_begins_takes_no_place(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Pictures, view: View) -> None:
        raise RuntimeError("unforeseen")

    async def scenario(client: Any) -> None:
        monkeypatch.setattr(Pictures, "find", broken)
        assert (await client.get(PAGE)).code == 500
        assert client.kernels.taken == 0

    serving(scenario, "1", max_kernels=1)


def test_no_picture_is_wanted_of_a_page_that_failed(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pictures, "want", lambda self, view: pytest.fail("wanted"))

    async def scenario(client: Any) -> None:
        assert "could not be calculated" in (await client.get(PAGE)).body.decode()

    serving(scenario, "1 / 0")


def test_viewer_too_many_is_asked_to_come_back(serving: Serving) -> None:
    async def scenario(client: Any) -> None:
        assert (await client.get(PAGE)).code == 200
        answer = await client.get(PAGE)
        assert answer.code == 503
        assert "All places are taken" in answer.body.decode()
        assert int(answer.headers["Retry-After"]) > 0
        assert client.kernels.taken == 1

    serving(scenario, max_kernels=1)


def test_page_fetched_ahead_starts_no_kernel(serving: Serving) -> None:
    async def scenario(client: Any) -> None:
        answer = await client.get(PAGE, headers={"Sec-Purpose": "prefetch;prerender"})
        assert answer.code == 503
        assert client.kernels.taken == 0

    serving(scenario)


def test_closing_the_tab_ends_the_kernel_at_once_and_telling_it_twice_is_no_error(serving: Serving) -> None:
    async def scenario(client: Any) -> None:
        answer = await client.get(PAGE)
        cookie = next(c for c in answer.headers.get_list("Set-Cookie") if c.startswith("_xsrf="))
        xsrf = cookie.split(";")[0].removeprefix("_xsrf=")
        gone = f"/voila/api/shutdown/{kernel_id(answer.body.decode())}"
        post = {"method": "POST", "headers": {"Cookie": f"_xsrf={xsrf}"}, "body": f"_xsrf={xsrf}"}
        assert (await client.get(gone, method="POST", body="")).code == 403
        assert client.kernels.taken == 1
        assert (await client.get(gone, **post)).code == 204
        assert client.kernels.taken == 0
        assert (await client.get(gone, **post)).code == 204

    serving(scenario)


def test_viewer_who_leaves_while_loading_frees_the_place(
    serving: Serving, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(client: Any) -> None:
        stream = IOStream(socket.socket())
        await stream.connect(("127.0.0.1", int(client.address.rsplit(":", 1)[1])))
        await stream.write(f"GET {PAGE} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        await stream.read_until(b"rk.step(1")
        assert client.kernels.taken == 1
        stream.close()
        await client.until(lambda: "left before it was ready" in caplog.text)
        assert client.kernels.taken == 0
        assert "Page error" not in caplog.text

    caplog.set_level("INFO")
    serving(scenario, "import time\ntime.sleep(60)")


def test_page_nobody_connects_to_loses_its_kernel(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(client: Any) -> None:
        monkeypatch.setattr(client.kernels, "linger_s", 0)
        await client.get(PAGE)
        await client.until(lambda: client.kernels.taken == 0)

    serving(scenario)


def socket_request(client: Any, kernel: str, **headers: str) -> HTTPRequest:
    address = client.address.replace("http", "ws")
    return HTTPRequest(f"{address}/api/kernels/{kernel}/channels?session_id=s", headers=headers)


def test_line_carries_the_widgets_and_ends_with_the_page(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(client: Any) -> None:
        kernel = kernel_id((await client.get(PAGE)).body.decode())
        line = await websocket_connect(socket_request(client, kernel))
        request = {
            "header": {"msg_id": "1", "msg_type": "kernel_info_request", "session": "s", "version": "5.3"},
            "parent_header": {},
            "metadata": {},
            "content": {},
            "channel": "shell",
        }
        await line.write_message(json.dumps(request))
        kinds = set()
        async with asyncio.timeout(20):
            while "kernel_info_reply" not in kinds:
                kinds.add(json.loads(await line.read_message())["msg_type"])
        monkeypatch.setattr(client.kernels, "linger_s", 0)
        line.close()
        await client.until(lambda: client.kernels.taken == 0)

    serving(scenario)


def test_line_of_another_site_or_to_no_kernel_is_refused(serving: Serving) -> None:
    async def scenario(client: Any) -> None:
        kernel = kernel_id((await client.get(PAGE)).body.decode())
        nobody = "00000000-0000-4000-8000-000000000000"
        for request, code in (
            (socket_request(client, kernel, Origin="http://evil.example"), 403),
            (socket_request(client, nobody), 404),
        ):
            with pytest.raises(HTTPClientError) as caught:
                await websocket_connect(request)
            assert caught.value.code == code

    serving(scenario)


def test_kernels_of_the_server_are_the_viewers_kernels(serving: Serving) -> None:
    async def scenario(client: Any) -> None:
        kernels = client.kernels
        assert isinstance(kernels, ViewerKernels)
        assert (kernels.max_kernels, kernels.cull_idle_timeout, kernels.cull_connected) == (2, 600, True)
        await client.get(PAGE)
        (manager,) = kernels._kernels.values()
        assert manager.transport == "ipc"
        assert manager._restarter.restart_limit == 0

    serving(scenario)
