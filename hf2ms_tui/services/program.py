"""The program: its configuration, its state, its hubs and its engine, opened when they are first needed."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.repo import Hub, Identity, RepoId, RepoRef
from hf2ms_tui.hubs.connect import open_hub
from hf2ms_tui.hubs.protocol import HubSession
from hf2ms_tui.services.knowledge import Knowledge
from hf2ms_tui.services.settings import Settings
from hf2ms_tui.store.database import Database
from hf2ms_tui.store.decisions import Decisions
from hf2ms_tui.store.inventory import InventoryCache
from hf2ms_tui.store.jobs import Jobs
from hf2ms_tui.store.journal import Journal
from hf2ms_tui.store.ledger import JobLedger
from hf2ms_tui.store.manifests import ManifestCache
from hf2ms_tui.store.paths import Places
from hf2ms_tui.store.proofs import Proofs
from hf2ms_tui.store.state import ViewState
from hf2ms_tui.store.tombstones import Tombstones

if TYPE_CHECKING:
    from hf2ms_tui.engines.fleet import Fleet


class Program:
    """Everything that screens and verbs work with. Safe to share between threads; sends nothing until asked.

    Raises StoreFailed when the state cannot be opened.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.know_secrets()
        self.places = Places(settings.state).ready()
        self.database = Database(self.places.database, secrets=settings.secrets)
        self._identities: dict[Hub, Identity] = {}
        self.journal = Journal(self.database, self.who)
        self.decisions = Decisions(self.database, self.journal)
        self.cache = InventoryCache(self.database)
        self.manifests = ManifestCache(self.database)
        self.jobs = Jobs(self.database)
        self.proofs = Proofs(self.database)
        self.view_state = ViewState(self.database)
        self.tombstones = Tombstones(self.database, self.places)
        self.knowledge = Knowledge()
        self._hubs: dict[Hub, HubSession] = {}
        self._engine: Fleet | None = None
        self._locks = {hub: threading.Lock() for hub in Hub}
        self._lock = threading.Lock()
        self._closed = threading.Event()

    @staticmethod
    def now() -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)

    def hub(self, hub: Hub) -> HubSession:
        """The session of a hub, opened on first use with the halves that the configuration allows."""
        with self._locks[hub]:
            session = self._hubs.get(hub)
            if session is None:
                session = self._hubs[hub] = open_hub(
                    hub,
                    self.settings.endpoint(hub),
                    self.settings.token(hub),
                    read_only=self.settings.read_only,
                )
            return session

    @property
    def source(self) -> HubSession:
        """The hub that is cleaned up."""
        return self.hub(self.settings.source)

    @property
    def destination(self) -> HubSession:
        """The hub that repos are migrated to."""
        return self.hub(self.settings.destination)

    def identity(self, hub: Hub) -> Identity:
        """Who the token for ``hub`` is, asked once. Raises NotAuthenticated and what else the hub raises; asked again then."""
        known = self._identities.get(hub)
        if known is None:
            known = self._identities[hub] = self.hub(hub).read.whoami()
        return known

    def who(self) -> str:
        """On whose accounts things happen, ``hf:mira ms:ada``: those of the hubs that were asked already. Sends nothing."""
        known = [self._identities.get(hub) for hub in Hub]
        return " ".join(f"{each.hub.value}:{each.account}" for each in known if each is not None)

    def acquaint(self) -> None:
        """Ask both hubs who the tokens belong to, once, so that the journal can name them; one that does not say is left."""
        for hub in Hub:
            if self.settings.token(hub):
                with suppress(Hf2msError):
                    self.identity(hub)

    @property
    def engine(self) -> Fleet:
        """Where jobs run: new ones on the engine of the configuration, each earlier one where it was started."""
        from hf2ms_tui.engines.fleet import Fleet
        from hf2ms_tui.engines.local import LocalEngine
        from hf2ms_tui.engines.modal.engine import ModalEngine

        with self._lock:
            if self._engine is None:
                local = LocalEngine(self.database, self.places)
                modal = ModalEngine(self.database, self.places, self.settings.modal, self.settings.modal_rate)
                chosen = (modal, local) if self.settings.engine == modal.name else (local, modal)
                self._engine = Fleet(self.jobs, chosen)
            return self._engine

    def destination_ref(self, ref: RepoRef) -> RepoRef:
        """The repo that ``ref`` is migrated to: the same type and name on the other hub, of the mapped owner."""
        owner, mapped, org = ref.owner, self.settings.destination_owner, self.settings.org
        if mapped and ref.hub is self.settings.source:
            owner = mapped
        elif mapped and org and ref.owner == mapped:
            owner = org
        return RepoRef(ref.hub.other, ref.kind, RepoId(owner, ref.name))

    def ledger_of(self, destination: RepoRef) -> JobLedger:
        """What earlier jobs to that place remember."""
        return JobLedger(self.database, destination, self.settings.endpoint(destination.hub))

    def forget(self, ref: RepoRef) -> None:
        """Drop a deleted repo from what is cached and decided; journal and proofs keep it."""
        self.knowledge.forget(ref.key)
        self.decisions.forget(ref)
        self.cache.forget(ref)

    @property
    def closed(self) -> bool:
        """Whether the program is ending: background work stops at its next step."""
        return self._closed.is_set()

    def close(self) -> None:
        """End within a moment, whatever hangs: threads are daemons, jobs are processes of their own. Idempotent."""
        self._closed.set()
        if self._engine is not None:
            self._engine.close()
        self.database.close()
