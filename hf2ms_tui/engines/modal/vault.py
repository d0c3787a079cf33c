"""The hub tokens of one person as a named secret of the account.

The name has a random part, kept with the program's state, and a fingerprint of the tokens: people who share a workspace do
not overwrite each other's, and new tokens are a new secret. So a container that still runs with old values is never given
a job that was started with new ones: it belongs to another secret, and thereby to another pool of containers.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from hf2ms_tui.domain.errors import Hf2msError
from hf2ms_tui.domain.repo import Hub
from hf2ms_tui.engines.base import Tokens
from hf2ms_tui.engines.modal.account import Account
from hf2ms_tui.engines.modal.names import APP, TOKENS

if TYPE_CHECKING:
    import modal


class Vault:
    """Puts tokens there and takes old ones away. ``state`` is the program's state folder."""

    def __init__(self, account: Account, state: Path) -> None:
        self._account = account
        self._path = state / "modal-key"

    def _key(self) -> bytes:
        """The random part, made once: 16 bytes, readable by the owner only."""
        if not self._path.exists():
            draft = self._path.with_suffix(f".{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_bytes(secrets.token_bytes(16))
            try:
                os.link(draft, self._path)
            except FileExistsError:
                return self._path.read_bytes()
            finally:
                draft.unlink()
        return self._path.read_bytes()

    @property
    def prefix(self) -> str:
        """How the names of this installation's secrets begin."""
        return f"{APP}-{hashlib.sha256(self._key()).hexdigest()[:8]}-"

    def name_of(self, tokens: Tokens) -> str:
        """The name of the secret with exactly these tokens; tells nothing about them."""
        return self.prefix + hmac.new(self._key(), tokens.to_wire(), "sha256").hexdigest()[:12]

    def put(self, tokens: Tokens, in_use: Iterable[str]) -> str:
        """Make sure that the secret is there with these values; return its name.

        Older secrets of this installation that no job needs (``in_use``) are deleted. Raises errors of ours.
        """
        import modal

        from hf2ms_tui.engines.modal.trouble import translated

        name, client = self.name_of(tokens), self._account.client
        environment = self._account.credentials.environment or None
        values = {TOKENS[hub.value]: token.reveal() for hub in Hub if (token := tokens.of(hub))}
        with translated("keeping the hub tokens as a secret of the account"):
            # create ignores the values where the secret exists; update makes sure of them. It reaches new containers only,
            # which is why the name changes with the values.
            modal.Secret.objects.create(
                name, values, allow_existing=True, client=client, environment_name=environment
            )
            modal.Secret.from_name(name, client=client, environment_name=environment).update(values)
        self._sweep({name, *in_use}, client, environment)
        return name

    def _sweep(self, kept: set[str], client: modal.Client, environment: str | None) -> None:
        import modal

        from hf2ms_tui.engines.modal.trouble import translated

        try:
            with translated("looking for old secrets"):
                for secret in modal.Secret.objects.list(client=client, environment_name=environment or ""):
                    if secret.name and secret.name.startswith(self.prefix) and secret.name not in kept:
                        modal.Secret.objects.delete(
                            secret.name, allow_missing=True, client=client, environment_name=environment
                        )
        except Hf2msError:
            return  # an old secret that stays is tidied away next time
