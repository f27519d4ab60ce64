"""Which of a kernel's messages reach the page."""

import json
from typing import Any

import pytest
from jupyter_client.session import Session
from jupyter_server.services.kernels.connection.base import serialize_msg_to_ws_v1

from retention_kit.serving.lines import is_private


def message(kind: str, **content: Any) -> dict[str, Any]:
    return {"header": {"msg_type": kind}, "parent_header": {}, "metadata": {}, "content": content}


def forms(kind: str, **content: Any) -> list[bytes | str | dict[str, Any]]:
    plain = message(kind, **content)
    packed = serialize_msg_to_ws_v1({**plain, "buffers": []}, "iopub", Session().pack)
    return [b"".join(packed) if isinstance(packed, list) else packed, json.dumps(plain), plain]


@pytest.mark.parametrize("form", [0, 1, 2])
def test_code_errors_and_standard_error_stay_here(form: int) -> None:
    assert is_private(forms("execute_input", code="secret()")[form])
    assert is_private(forms("error", ename="KeyError", evalue="/secret", traceback=[])[form])
    assert is_private(forms("stream", name="stderr", text="/secret")[form])


@pytest.mark.parametrize("form", [0, 1, 2])
def test_widgets_and_printed_text_pass(form: int) -> None:
    assert not is_private(forms("comm_msg", data={})[form])
    assert not is_private(forms("stream", name="stdout", text="hello")[form])
