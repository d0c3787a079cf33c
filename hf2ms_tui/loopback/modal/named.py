"""What dicts and queues have in common: found by name, made if missing, listed, deleted."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from grpclib import Status
from modal_proto import api_pb2

from .apps import DEFAULT_ENVIRONMENT
from .ids import new_id
from .rpc import missing, refuse


@dataclass(eq=False)
class Named:
    """Something with an id; `name` is empty if it is ephemeral."""

    id: str
    name: str
    environment: str
    created_at: float = field(default_factory=time.time)

    def creation(self, who: str) -> api_pb2.CreationInfo:
        """When it was made, and by whom."""
        return api_pb2.CreationInfo(created_at=self.created_at, created_by=who)


T = TypeVar("T", bound=Named)


class Shelf(Generic[T]):
    """All objects of one kind. `word` is the kind as the client words it."""

    def __init__(self, make: type[T], prefix: str, word: str) -> None:
        self._make = make
        self._prefix = prefix
        self._word = word
        self.by_id: dict[str, T] = {}
        self.by_name: dict[tuple[str, str], T] = {}

    def get(self, object_id: str) -> T:
        """By id. Raises GRPCError NOT_FOUND."""
        found = self.by_id.get(object_id)
        if found is None:
            raise missing(f"No {self._word} with ID '{object_id}' found.")
        return found

    def get_or_create(self, name: str, environment: str, kind: int) -> T:
        """Look up or make one, as the creation type says. Raises GRPCError."""
        environment = environment or DEFAULT_ENVIRONMENT
        if kind == api_pb2.OBJECT_CREATION_TYPE_EPHEMERAL:
            return self._add("", environment)
        found = self.by_name.get((environment, name))
        if found is None:
            if kind == api_pb2.OBJECT_CREATION_TYPE_UNSPECIFIED:
                raise missing(f"{self._word} '{name}' not found in environment '{environment}'")
            return self._add(name, environment)
        if kind == api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
            raise refuse(Status.ALREADY_EXISTS, f"{self._word} '{name}' already exists")
        return found

    def _add(self, name: str, environment: str) -> T:
        made = self._make(new_id(self._prefix), name, environment)
        self.by_id[made.id] = made
        if name:
            self.by_name[(environment, name)] = made
        return made

    def delete(self, object_id: str) -> None:
        """Forget one. Raises GRPCError NOT_FOUND."""
        found = self.get(object_id)
        del self.by_id[object_id]
        self.by_name.pop((found.environment, found.name), None)

    def page(self, environment: str, pagination: api_pb2.ListPagination) -> list[T]:
        """Named ones of an environment, newest first."""
        before = pagination.created_before or float("inf")
        found = [
            one
            for one in sorted(self.by_name.values(), key=lambda one: -one.created_at)
            if one.environment == (environment or DEFAULT_ENVIRONMENT) and one.created_at < before
        ]
        return found[: pagination.max_objects or None]
