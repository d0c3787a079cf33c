"""Jobs in the user's own Modal account: a deployed app, a coordinator for each job, workers for its chunks.

Two halves. What runs in containers (``app``, ``coordinator``, ``worker`` and what they use) imports neither the store nor
Textual and finds everything in a job's Dicts. What runs on the person's machine (``engine``, ``mirror``, ``account``,
``deploy``) starts jobs, looks after them and copies their state into the store, where screens read it. This module stays
free of imports, as containers import it.
"""
