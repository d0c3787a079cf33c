"""hf2ms-tui: clean up a Hugging Face organisation without fear.

The rooms, ground floor first; a room may use the rooms before it, never those after it:
``domain``, ``hubs``, ``transfer``, ``store``, ``engines``, ``services``, ``tui``, ``cli``.
``loopback`` stands beside them: the outside world on this machine, which knows only ``domain``.

This module stays free of imports: a cloud worker imports it, and must pull in neither Textual nor the store.
"""

__version__ = "0.1.0"
