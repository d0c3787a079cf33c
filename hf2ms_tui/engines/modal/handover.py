"""Handing a job over: its spec into its record, then one call of the coordinator."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import modal

from hf2ms_tui.domain.errors import NotFound
from hf2ms_tui.domain.job import JobSpec
from hf2ms_tui.engines.modal.account import Account
from hf2ms_tui.engines.modal.names import COORDINATE, leaders, live_name, record_name, said_name
from hf2ms_tui.engines.modal.record import Record
from hf2ms_tui.engines.modal.trouble import patiently, translated
from hf2ms_tui.transfer.plain import spec_plain


def prepare(account: Account, spec: JobSpec, attempt: int, secret: str, hashes: Mapping[str, str]) -> str:
    """Write what a coordinator starts from. Tokens are not in it, only the name of the secret that holds them.

    ``hashes`` are SHA-256 by git blob id that earlier jobs learnt: what they read need not be read again.
    """
    record = Record(record_name(spec.id), account.client)
    record.drop("cancel")
    record.put_all({"spec": spec_plain(spec), "about": {"attempt": attempt, "secret": secret}})
    if hashes:
        record.put("known:seed", {"hashes": dict(hashes)})
    return secret


def known(account: Account, job_id: str) -> bool:
    """Whether Modal still has what an earlier attempt said; entries that nobody uses are dropped after 7 days."""
    return Record(said_name(job_id), account.client).get("board") is not None


def clear(account: Account, job_id: str) -> None:
    """Delete all that is kept of a job in the account."""
    for name in (record_name, said_name, live_name):
        Record(name(job_id), account.client).delete()


def spawn(account: Account, app: str, job_id: str, attempt: int, secret: str, cap: int) -> str:
    """Start the coordinator of a job that may use ``cap`` containers; return the call's id.

    A call that is started twice because the first answer was lost does nothing the second time: the first to run claims
    the attempt.
    """
    environment = account.credentials.environment or None
    client = account.client
    with translated("starting the coordinator"):
        function: modal.Function[Any, Any, Any] = modal.Function.from_name(
            app, COORDINATE, client=client, environment_name=environment
        )
        # required_keys would name a missing secret here, before anything is billed.
        ready = function.with_options(
            secrets=[modal.Secret.from_name(secret, client=client, environment_name=environment)],
            max_containers=leaders(cap),
        )
        # Too many inputs wait already: a plain spawn does not try again by itself.
        call: Any = patiently(
            "starting the coordinator", lambda: ready.spawn(job_id, attempt, 0), time.sleep, 3
        )
        if not call.object_id:
            raise NotFound("Modal gave no id for the call")
        return str(call.object_id)
