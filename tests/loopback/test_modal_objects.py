"""Dicts, queues and secrets through Modal's own client, from here and from containers."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

import modal
import pytest

from support.modal_session import ModalSession, key


def test_a_dict(here: ModalSession) -> None:
    name = key()
    one = here.dictionary(name)
    assert one.put("a", {"deep": [1, 2]}) and one["a"] == {"deep": [1, 2]}
    assert not one.put("a", 2, skip_if_exists=True) and one.put("b", 2, skip_if_exists=True)
    one.update({"c": 3}, d=4)
    assert dict(one.items()) == {"a": {"deep": [1, 2]}, "b": 2, "c": 3, "d": 4}
    assert sorted(one.keys()) == ["a", "b", "c", "d"] and one.len() == 4
    assert one.pop("d") == 4 and "d" not in one and one.get("d", "none") == "none"
    with pytest.raises(KeyError):
        one.pop("d")
    again = modal.Dict.from_id(one.object_id, client=here.client)
    assert again["c"] == 3 and again.info().name == name
    assert name in [found.name for found in modal.Dict.objects.list(client=here.client)]
    one.clear()
    assert one.len() == 0
    modal.Dict.objects.delete(name, client=here.client)
    with pytest.raises(modal.exception.NotFoundError):
        modal.Dict.from_name(name, client=here.client).len()


def test_only_one_of_many_gets_a_lock(here: ModalSession) -> None:
    lock = here.dictionary(key())
    won: list[bool] = []
    threads = [
        threading.Thread(target=lambda: won.append(lock.put("mine", 1, skip_if_exists=True)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]


def test_a_dict_that_belongs_to_nobody(here: ModalSession) -> None:
    with modal.Dict.ephemeral(client=here.client) as one:
        one["x"] = 1
        assert one["x"] == 1 and not one.name


def test_a_queue(here: ModalSession) -> None:
    one = modal.Queue.from_name(key(), create_if_missing=True, client=here.client)
    one.put_many([1, 2, 3])
    one.put("other", partition="p")
    assert (one.len(), one.len(partition="p"), one.len(total=True)) == (3, 1, 4)
    assert list(one.iterate()) == [1, 2, 3] and one.len() == 3
    assert one.get() == 1 and one.get_many(5) == [2, 3]
    assert one.get(block=False) is None
    began = time.monotonic()
    with pytest.raises(queue.Empty):
        one.get(timeout=0.3)
    assert time.monotonic() - began < 3
    threading.Timer(0.3, lambda: one.put("late")).start()
    assert one.get(timeout=10) == "late"
    one.clear(all=True)
    assert one.len(total=True) == 0


def test_a_full_queue_says_so(here: ModalSession) -> None:
    one = modal.Queue.from_name(key(), create_if_missing=True, client=here.client)
    one.put_many(list(range(5000)))
    with pytest.raises(queue.Full):
        one.put(1, block=False)
    with pytest.raises(queue.Full):
        one.put(1, timeout=0.5)


def environ(here: ModalSession, *secrets: modal.Secret) -> dict[str, Any]:
    found: dict[str, Any] = here.function("describe").with_options(secrets=secrets).remote()["environ"]
    return found


def test_named_secrets_and_their_updates(here: ModalSession) -> None:
    name = key()
    create = modal.Secret.objects.create
    create(name, {"ONE": "1", "TWO": "2"}, client=here.client)
    with pytest.raises(modal.exception.AlreadyExistsError):
        create(name, {"ONE": "x"}, client=here.client)
    create(name, {"ONE": "x"}, allow_existing=True, client=here.client)
    secret = modal.Secret.from_name(name, required_keys=["ONE"], client=here.client)
    seen = environ(here, secret)
    assert (seen["ONE"], seen["TWO"]) == ("1", "2"), "creating it again did not change it"
    secret.update({"ONE": "new", "THREE": "3"})
    assert environ(here, secret)["ONE"] == "1", "the container that runs keeps what it had"
    for one in here.plane.containers(function="describe"):
        here.plane.kill(one.id)
    here.wait(lambda: not here.plane.containers(function="describe"))
    seen = environ(here, secret)
    assert (seen["ONE"], seen["TWO"], seen["THREE"]) == ("new", "2", "3")
    assert name in [found.name for found in modal.Secret.objects.list(client=here.client)]
    modal.Secret.objects.delete(name, client=here.client)
    with pytest.raises(modal.exception.NotFoundError):
        environ(here, modal.Secret.from_name(name, client=here.client))


def test_later_secrets_win(here: ModalSession) -> None:
    seen = environ(here, modal.Secret.from_dict({"A": "1", "B": "1"}), modal.Secret.from_dict({"B": "2"}))
    assert (seen["A"], seen["B"]) == ("1", "2")


def test_a_missing_secret_stops_the_deployment(here: ModalSession) -> None:
    for secret in (
        modal.Secret.from_name("no-such-secret"),
        modal.Secret.from_name("keyless", required_keys=["KEY"]),
    ):
        modal.Secret.objects.create("keyless", {"OTHER": "1"}, allow_existing=True, client=here.client)
        app = modal.App("with-secret", include_source=False)
        app.function(secrets=[secret], serialized=True)(lambda: 1)
        with pytest.raises(modal.exception.NotFoundError, match=r"no-such-secret|KEY"):
            app.deploy(client=here.client)
    assert ("main", "with-secret") not in here.plane.call(lambda plane: set(plane.state.deployed))


def test_no_secret_is_told_by_any_rpc_or_file_name(here: ModalSession) -> None:
    modal.Secret.objects.create("quiet", {"K": "do-not-tell"}, client=here.client)
    secret = modal.Secret.from_name("quiet", client=here.client)
    assert environ(here, secret)["K"] == "do-not-tell"
    assert "do-not-tell" not in here.cli("secret", "list", "--json")
    assert not any("do-not-tell" in line.data for line in here.plane.lines())
    assert "do-not-tell" not in repr(here.plane.call(lambda plane: plane.secrets.by_name))
