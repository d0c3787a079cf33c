"""Moving and proving bytes: one blob, one chunk, one job.

Needs a reader of the source, a reader and a writer of the destination, a pool of workers, a board to report to and a ledger
to remember by; does not know where it runs. May use ``domain`` and the protocols of ``hubs``. No Textual, no Modal, no
database: the same code runs in a thread here and in a container elsewhere.
"""
