"""Configuration: flags before environment before ``.env``; nonsense says where it came from; tokens stay hidden."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hf2ms_tui.domain.errors import BadInput
from hf2ms_tui.domain.proof import Level
from hf2ms_tui.domain.repo import Hub, parse_source
from hf2ms_tui.services.settings import Settings, demo_state, load

CANARY = "hf_CanaryCanary1234"


def settings(tmp_path: Path, flags: dict[str, object] | None = None, **environ: str) -> Settings:
    return load(flags or {}, {"HOME": str(tmp_path), **environ}, tmp_path)


def test_without_anything_there_are_sound_defaults(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert (found.org, found.source, found.destination) == ("", Hub.HF, Hub.MS)
    assert (found.endpoint(Hub.HF), found.endpoint(Hub.MS)) == (
        "https://huggingface.co",
        "https://modelscope.cn",
    )
    assert found.token(Hub.HF) is None and found.token(Hub.MS) is None
    assert found.level is Level.READ_BACK
    assert not found.read_only and not found.demo
    assert "hf2ms-tui" in str(found.state)


def test_flags_win_over_the_environment_and_that_over_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "HF2MS_ORG=from-file\nHF2MS_WORKERS=7\nHF2MS_STREAMS=3\nHF_TOKEN=hf_file\nMODELSCOPE_TOKEN='ms file'\n"
        'MODELSCOPE_TOKEN="ms-file"\n'
    )
    found = settings(
        tmp_path,
        {"org": "from-flag", "workers": None},
        HF2MS_ORG="from-env",
        HF2MS_WORKERS="5",
        HF_TOKEN="hf_env",
    )
    assert (found.org, found.workers, found.streams) == ("from-flag", 5, 3)
    assert found.hf_token is not None and found.hf_token.reveal() == "hf_env"
    assert found.ms_token is not None and found.ms_token.reveal() == "ms-file"
    assert found.origins["org"] == "--org"
    assert found.origins["workers"] == "HF2MS_WORKERS (environment)"
    assert found.origins["streams"] == "HF2MS_STREAMS (.env)"
    assert found.origins["ms_token"] == "MODELSCOPE_TOKEN (.env)"


def test_dotenv_is_data_and_never_a_shell(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    (tmp_path / ".env").write_text(
        f"# a comment\n\nexport HF_TOKEN=$(touch {marker})x\nMODELSCOPE_TOKEN=${{HOME}}-`id`\nHF2MS_ORG=acme # tail\n"
        "this line says nothing = at all\nMODELSCOPE_DOMAIN\n"
    )
    before = dict(os.environ)
    with pytest.raises(BadInput, match="blanks") as caught:
        settings(tmp_path)
    assert "touch" not in str(caught.value)
    (tmp_path / ".env").write_text(
        "MODELSCOPE_TOKEN=${HOME}-x\nHF2MS_ORG=acme # tail\nthis line says = nothing\nMODELSCOPE_DOMAIN\n"
    )
    found = settings(tmp_path)
    assert found.ms_token is not None and found.ms_token.reveal() == "${HOME}-x"
    assert found.org == "acme"
    assert any("Line 3" in note for note in found.notes)
    assert not marker.exists()
    assert dict(os.environ) == before


def test_a_dotenv_with_a_byte_order_mark_or_strange_bytes(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfHF2MS_ORG=acme\r\nHF_TOKEN=abc\r\n")
    found = settings(tmp_path)
    assert found.org == "acme" and found.hf_token is not None and found.hf_token.reveal() == "abc"
    (tmp_path / ".env").write_bytes(b"HF_TOKEN=\xff\xfe\n")
    with pytest.raises(BadInput, match=r"\.env"):
        settings(tmp_path)


@pytest.mark.parametrize(
    ("environ", "endpoint"),
    [
        ({"MODELSCOPE_DOMAIN": "modelscope.ai"}, "https://modelscope.ai"),
        ({"MODELSCOPE_DOMAIN": "http://127.0.0.1:9000"}, "http://127.0.0.1:9000"),
        ({"MODELSCOPE_DOMAIN": ""}, "https://modelscope.cn"),
        (
            {"MODELSCOPE_ENDPOINT": "https://ms.example/", "MODELSCOPE_DOMAIN": "modelscope.ai"},
            "https://ms.example",
        ),
    ],
)
def test_the_domain_is_a_bare_host_as_the_predecessor_had_it(
    tmp_path: Path, environ: dict[str, str], endpoint: str
) -> None:
    assert settings(tmp_path, **environ).endpoint(Hub.MS) == endpoint


@pytest.mark.parametrize(
    ("environ", "where"),
    [
        ({"MODELSCOPE_DOMAIN": "modelscope.cn/models"}, "MODELSCOPE_DOMAIN (environment)"),
        ({"HF_ENDPOINT": "ftp://x"}, "HF_ENDPOINT"),
        ({"HF_ENDPOINT": "https://me:secretpass@host"}, "HF_ENDPOINT"),
        ({"HF_ENDPOINT": "https://host:99999"}, "HF_ENDPOINT"),
        ({"HF2MS_WORKERS": "many"}, "HF2MS_WORKERS"),
        ({"HF2MS_WORKERS": "0"}, "HF2MS_WORKERS"),
        ({"HF2MS_FROM": "github"}, "HF2MS_FROM"),
        ({"HF2MS_LEVEL": "trust-me"}, "HF2MS_LEVEL"),
        ({"HF2MS_READ_ONLY": "perhaps"}, "HF2MS_READ_ONLY"),
        ({"HF2MS_ENGINE": "abacus"}, "HF2MS_ENGINE"),
        ({"HF2MS_ORG": "a/b"}, "HF2MS_ORG"),
        ({"HF_TOKEN": "two words"}, "HF_TOKEN"),
    ],
)
def test_nonsense_says_where_it_came_from(tmp_path: Path, environ: dict[str, str], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        settings(tmp_path, **environ)
    assert where in str(caught.value)
    assert "secretpass" not in str(caught.value) and "two words" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_the_flags_are_named_as_on_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--from"):
        settings(tmp_path, {"source": "nowhere"})
    with pytest.raises(TypeError, match="colour"):
        settings(tmp_path, {"colour": "red"})
    found = settings(
        tmp_path, {"source": "ms", "read_only": True, "level": "stored", "org": "https://huggingface.co/acme"}
    )
    assert (found.source, found.destination, found.read_only, found.level) == (
        Hub.MS,
        Hub.HF,
        True,
        Level.STORED,
    )
    assert found.org == "acme"


def test_the_token_file_of_the_official_client_is_found(tmp_path: Path) -> None:
    default = tmp_path / ".cache" / "huggingface" / "token"
    default.parent.mkdir(parents=True)
    default.write_text("hf_default\n")
    assert settings(tmp_path).origins["hf_token"] == str(default)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "token").write_text("hf_home")
    (tmp_path / "named").write_text("hf_named")

    def token(**environ: str) -> str | None:
        found = settings(tmp_path, **environ).hf_token
        return found.reveal() if found else None

    assert token() == "hf_default"
    assert token(HF_HOME=str(tmp_path / "home")) == "hf_home"
    assert token(HF_HOME=str(tmp_path / "home"), HF_TOKEN_PATH=str(tmp_path / "named")) == "hf_named"
    assert token(XDG_CACHE_HOME=str(tmp_path / "nowhere")) is None
    assert token(HF_TOKEN="hf_env") == "hf_env"
    assert token(HUGGING_FACE_HUB_TOKEN="hf_old") == "hf_old"
    assert token(HF_HUB_DISABLE_IMPLICIT_TOKEN="1") is None


def test_the_demo_never_takes_the_persons_own_token(tmp_path: Path) -> None:
    (tmp_path / ".cache" / "huggingface").mkdir(parents=True)
    (tmp_path / ".cache" / "huggingface" / "token").write_text(CANARY)
    found = settings(tmp_path, {"demo": True, "demo_instance": "ab12"}, HF2MS_STATE=str(tmp_path / "s"))
    assert found.hf_token is None
    assert found.state == tmp_path / "s" / "demo" / "program-ab12"
    assert found.state.parent == demo_state({"HF2MS_STATE": str(tmp_path / "s")})
    odd = settings(tmp_path, {"demo": True, "demo_instance": "../../x"}, HF2MS_STATE=str(tmp_path / "s"))
    assert odd.state.parent == found.state.parent


def test_tokens_are_never_shown(tmp_path: Path) -> None:
    found = settings(tmp_path, HF_TOKEN=CANARY, MODELSCOPE_API_TOKEN="ms-" + CANARY)
    assert CANARY not in repr(found) and CANARY not in str(found.origins) and CANARY not in f"{found.notes}"
    assert found.ms_token is not None
    assert found.redact(f"x {CANARY} y ms-{CANARY}") == "x ‹token› y ms-‹token›"


def test_what_could_leak_a_token_is_noted(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HF_ENDPOINT=http://elsewhere.example\n")
    notes = settings(tmp_path, HF_TOKEN=CANARY).notes
    assert any("not https" in note for note in notes)
    assert any("trust this folder" in note for note in notes)
    assert not any(CANARY in note for note in notes)
    (tmp_path / ".env").write_text("HF_ENDPOINT=http://127.0.0.1:8080\nHF_TOKEN=abc\n")
    assert settings(tmp_path).notes == ()


def test_pages_of_own_endpoints_are_known(tmp_path: Path) -> None:
    found = settings(
        tmp_path, HF_ENDPOINT="http://127.0.0.1:5001", MODELSCOPE_ENDPOINT="http://127.0.0.1:5002"
    )
    assert parse_source("http://127.0.0.1:5002/models/a/b", found.hosts()).hub is Hub.MS
    assert parse_source("http://127.0.0.1:5001/a/b", found.hosts()).hub is Hub.HF
