"""Secrets that a process was given are taken out of every text, whoever echoes them."""

from __future__ import annotations

import base64
import json

from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.domain.secret import Secret, know, redact
from hf2ms_tui.domain.text import clean
from hf2ms_tui.hubs.errors import Context, from_answer, token_help


def test_the_other_hubs_token_is_taken_out_as_well() -> None:
    mine, others = Secret("ms-own-4711"), Secret("hf_others_0815")
    know(others, None, Secret("hf"), Secret(""))
    context = Context(Hub.MS, "list", secrets=(mine,))
    error = from_answer(context, 403, {}, b'{"message": "neither ms-own-4711 nor hf_others_0815 may"}')
    assert "ms-own-4711" not in str(error) and "hf_others_0815" not in str(error) and "may" in str(error)
    assert redact("too short to be a token: hf") == "too short to be a token: hf"
    assert redact("x hf_others_0815 y") == "x ‹token› y"


def test_a_bad_token_is_said_with_its_variable_and_page() -> None:
    for hub, words in {
        Hub.HF: ("HF_TOKEN", "huggingface.co/settings/tokens"),
        Hub.MS: ("MODELSCOPE_TOKEN", "modelscope.cn/my/myaccesstoken"),
    }.items():
        error = from_answer(Context(hub, "read"), 401, {}, b"no")
        assert all(word in str(error) for word in words) and token_help(hub) in str(error)


def test_a_token_in_disguise_is_taken_out_as_well() -> None:
    token = "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"
    for text in (
        *(base64.b64encode(b"u" * before + f":{token}".encode() + b"end").decode() for before in range(3)),
        base64.b64encode(token.encode()).decode(),
        token.encode().hex(),
        token[::-1],
        "".join(f"%{byte:02X}" for byte in token.encode()),
        json.dumps({"authorization": f"Bearer {token}"}),
    ):
        left = redact(f"it said {text}, and no", Secret(token))
        assert "‹token›" in left and left.endswith("and no")
        assert len(left) < len(text), left


def test_a_name_that_quotes_a_token_is_shown_without_it() -> None:
    know(Secret("hf_InTheNameOfABranch"))
    assert clean("b-hf_InTheNameOfABranch") == "b-‹token›"
    assert clean(clean("b-hf_InTheNameOfABranch")) == "b-‹token›"
