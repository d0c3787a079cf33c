"""The campaigns in a short form; the long ones are commands of their own, see each module."""

from __future__ import annotations

import pytest

from campaigns import canaries, faults, hostile, kill_full, kills
from support.campaign import Findings


@pytest.mark.timeout(400)
def test_faults_lead_to_no_false_proof_and_none_that_a_retry_cannot_mend() -> None:
    findings = Findings(faults.COLUMNS)
    cases = faults.all_cases(seed=4)
    assert len(cases) > 4000
    assert {case.stage for case in cases} == set(faults.STAGES)
    faults.campaign(cases[:20], findings, processes=1, threads=6, minutes=3)
    assert findings.broken == []
    assert findings.cases == 20
    assert findings.total("proven") + findings.total("failed, retry proven") + findings.total("refused") == 20


@pytest.mark.timeout(400)
def test_kills_lose_nothing_decided_and_send_nothing_twice() -> None:
    findings = Findings(kills.COLUMNS)
    kills.campaign(findings, seed=1, kills=9, minutes=3, parallel=2, numbers=[1, 3, 4, 31])
    assert findings.broken == []
    assert set(findings.rows) == {"job", "verb", "decide", "delete"}
    assert findings.total("kills") >= 3


@pytest.mark.timeout(200)
@pytest.mark.parametrize("number", [0, 1])
def test_a_full_disk_or_destination_in_the_middle_of_a_job_is_carried_on_from(number: int) -> None:
    watch = kill_full.play(1, number)
    assert watch.broken == []
    assert watch.column in {"disk full", "no space there"}


@pytest.mark.timeout(400)
@pytest.mark.slow
def test_no_token_is_seen_anywhere() -> None:
    findings = Findings(canaries.COLUMNS)
    canaries.campaign(findings, seed=2, short=True)
    assert findings.broken == []
    assert findings.total("surfaces") > 150


@pytest.mark.timeout(400)
@pytest.mark.slow
def test_hostile_text_is_neither_obeyed_nor_taken_for_markup() -> None:
    findings = Findings(hostile.COLUMNS)
    hostile.campaign(findings, seed=2, short=True)
    assert findings.broken == []
    assert findings.total("with hostile text") > 8
