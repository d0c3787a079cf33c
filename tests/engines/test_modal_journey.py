"""Jobs in a Modal account: the real client, the real container entrypoint, a control plane on this machine."""

from __future__ import annotations

from pathlib import Path

from hf2ms_tui.domain.job import Phase
from hf2ms_tui.store.proofs import Proofs
from support.cloud import cloud
from support.transfers import model, ref


def test_a_job_runs_in_containers_and_is_proven(tmp_path: Path) -> None:
    with cloud(tmp_path, model("hf")) as here:
        job = here.submit(ref("hf"), ref("ms"))
        view = here.end(job)
        assert view.phase is Phase.DONE, (view.error, here.text(job), here.said())
        proof = Proofs(here.database).get(view.proof_id)
        assert proof is not None
        assert proof.holds
        assert view.moved == view.to_move
        print(here.text(job))
        print(view)
