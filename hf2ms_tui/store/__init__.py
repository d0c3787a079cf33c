"""What outlives the program on this machine: the SQLite journal, boards, ledgers and the cached inventory, and where they live.

Append-only where people rely on it, safe for several processes at once. May use ``domain`` and the ports of ``transfer``.
"""
