"""The campaigns in a short form; the long ones are commands of their own, see each module."""

from __future__ import annotations

import pytest

from campaigns import faults
from support.campaign import Findings


@pytest.mark.timeout(300)
def test_faults_lead_to_no_false_proof_and_none_that_a_retry_cannot_mend() -> None:
    findings = Findings(faults.COLUMNS)
    cases = faults.all_cases(seed=4)
    assert len(cases) > 4000
    assert {case.stage for case in cases} == set(faults.STAGES)
    faults.campaign(cases[:28], findings, processes=1, threads=6, minutes=3)
    assert findings.broken == []
    assert findings.cases == 28
    assert findings.total("proven") + findings.total("failed, retry proven") + findings.total("refused") == 28
