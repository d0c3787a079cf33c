"""Where jobs run and how to find them again: ``local``, a detached process on this machine, and ``modal``, containers.

May use every room above it. A worker that runs elsewhere imports neither Textual nor the store.
"""
