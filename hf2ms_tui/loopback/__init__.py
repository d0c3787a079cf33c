"""The outside world on this machine: a Hugging Face hub, a ModelScope and a Modal, for the demo and the tests.

Real servers on 127.0.0.x that the official SDKs, unpatched, cannot tell from the real ones in what this program
uses. What they hold is generated from seeds while it is served. Links can be shaped and faults injected.

The room may use `hf2ms_tui.domain` and nothing else of the program. Lower floor first: `content` and `blobs` (bytes),
`world` (plain state), `shape`, `faults` and `log` (what happens on the wire), `serving` (sockets), `huggingface` and
`modelscope` (the hubs), `control` (change the world while it runs), `runner` (start and stop all of it). `modal` is a
control plane of its own, which `cloud` adds to a world when somebody wants it; only these two know of it.
"""
