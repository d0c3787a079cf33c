"""A Modal control plane on this machine. `start_modal` starts one.

An unmodified ``modal`` client (library and command line, 1.6) connects to it through ``MODAL_SERVER_URL``, and real
``python -m modal._container_entrypoint`` processes run what is called. Only this package and the engine for Modal may
import what the modal package brings; this one uses its messages (`modal_proto`), not `modal`.

**Modelled**: deploying (the same thing again changes nothing), looking up, versions; spawn, remote, map, generators;
retries (by the server for spawn, by the client for the others), timeouts per attempt, cancelling with and without
termination; limits of containers per function, variant (``with_options``) and account; idle and minimal containers,
preemption, rolling redeployment; Dict, Queue, Secret (named, of an app, ephemeral, updates for new containers only),
mounted files, payloads as blobs (also in parts); logs streamed, fetched, counted and filtered; lists of apps and
containers, stopping both; token, workspace and prices. RPCs it does not know are answered UNIMPLEMENTED and remembered
in ``RunningModal.log.unmodelled``.

**Not modelled**: images (containers run with this interpreter and its packages, less `Settings.absent`; a recipe is
never run, no base is pulled), isolation (containers are processes of this user, share its network, its disk and the
folder that stands for ``/root``, where they start; files mounted elsewhere lie below that folder's parent, not at their
absolute path), CPU, memory and disk requests, GPUs, regions, schedules, volumes, sandboxes, classes, web functions,
clusters, memory snapshots, the input plane, batching (a batch has one input), buffer containers, dynamic concurrency,
expiry of dicts, queues and secrets, staged deployments, roll-backs, billing reports, several users. Heartbeats of clients
and containers are accepted and not missed: an ephemeral app whose client vanished goes on, a container is dead when its
process is. A control plane that ends takes everything with it.

**Guesses**, where only the real service could tell: wording of errors; that a repeated request is answered from memory
(`remember_retries`); that a log stream without a cursor begins with what was said before (`replay`), that a line which
takes its time comes in pieces (`line_patience`), and that lines of a container with several inputs at once belong to the
one that began last; that a lost input goes first and how often (`lost_limit`); that a timeout kills the container and
counts as a failure for retries; that a container which ignores a cancellation is killed (`cancel_grace`); that cancelling
a call leaves the calls it made alone (`cascade`); how often a container may fail to come up (`crash_loop`), and that
inputs then fail without retries; which function gets the next container when several wait (the one that has fewest) and
that idle ones make room; names of prices; what a pinned version is bound to.
"""

from .faults import RpcFault
from .logs import Line, LineFilter
from .running import RunningModal, start_modal
from .settings import Settings
from .views import CallView, ContainerView, InputView

__all__ = [
    "CallView",
    "ContainerView",
    "InputView",
    "Line",
    "LineFilter",
    "RpcFault",
    "RunningModal",
    "Settings",
    "start_modal",
]
