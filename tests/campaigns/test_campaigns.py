"""The campaigns in a short form; the long ones are commands of their own, see each module."""

from __future__ import annotations

import pytest

from campaigns import canaries, faults, hostile, kill_full, kills
from campaigns.fault_cloud import cloud_stage
from campaigns.fault_kinds import Route
from support.campaign import Findings

GOOD = ("proven", "failed, retry proven", "cancelled, retry proven", "refused")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("count", [20, pytest.param(150, marks=pytest.mark.slow)])
def test_faults_lead_to_no_false_proof_and_none_that_a_retry_cannot_mend(count: int) -> None:
    findings = Findings(faults.COLUMNS)
    cases = faults.all_cases(seed=4)
    assert len(cases) > 7500
    assert {case.stage for case in cases} == set(faults.STAGES)
    results = faults.campaign(cases[:count], findings, processes=1, threads=6, minutes=5)
    assert findings.broken == []
    assert findings.cases == count
    assert sum(findings.total(column) for column in GOOD) == count
    assert sum(result.met for result in results) > count * 3 / 4


def test_in_modal_every_kind_meets_every_route_in_each_direction() -> None:
    routes = [Route("hf", "GET", "tree", 2, 0), Route("modal", "client", "AppDeploy", 1, 0)]
    drawn = [
        ("migrate", source, route, kind, once, "modal")
        for source in ("hf", "ms")
        for route in routes
        for kind in ("cut", "stall")
        for once in (True, False)
    ]
    kept = faults.covering(faults.numbered(5, drawn))
    met = [(case.route.name, case.kind, case.source) for case in kept]
    assert len(met) == len(set(met)) == 8
    assert len({name[:2] for name in met[:4]}) == 4, "the first half knows every kind on every route already"


@pytest.mark.timeout(400)
@pytest.mark.parametrize("count", [3, pytest.param(16, marks=pytest.mark.slow)])
def test_faults_while_jobs_run_in_modal_do_not_either(count: int) -> None:
    with cloud_stage() as here:
        cases = faults.numbered(4, faults.modal_cases(here, cold=False))
        assert len(cases) > 2300
        assert {case.route.hub for case in cases} == {"hf", "ms", "modal"}
        quick = [
            case for case in cases if case.once and case.kind not in {"stall", "Modal answers 70 s late"}
        ]
        results = [here.play(case) for case in quick[:count]]
    assert [sentence for result in results for sentence in result.broken] == []
    assert {result.column for result in results} <= set(GOOD)
    assert any(result.met for result in results)


@pytest.mark.timeout(400)
def test_kills_lose_nothing_decided_and_send_nothing_twice() -> None:
    findings = Findings(kills.COLUMNS)
    kills.campaign(findings, seed=1, kills=9, minutes=3, parallel=2, numbers=[1, 3, 4, 31])
    assert findings.broken == []
    assert set(findings.rows) == {"job", "verb", "decide", "delete"}
    assert findings.total("kills") >= 3


@pytest.mark.timeout(400)
@pytest.mark.slow
def test_kills_while_jobs_run_in_modal_lose_nothing_either() -> None:
    findings = Findings(kills.COLUMNS)
    kills.in_modal(findings, 1, list(range(1, 9)), minutes=5, accounts=2)
    assert findings.broken == []
    assert {"Modal program", "Modal job", "Modal worker"} <= set(findings.rows)
    assert findings.total("kills") >= 7


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
