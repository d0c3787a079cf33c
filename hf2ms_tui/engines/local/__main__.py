"""``python -m hf2ms_tui.engines.local JOB --state DIR``: the process of one job."""

import os
import sys

from hf2ms_tui.engines.local.runner import main

if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Streams that hang in a dead connection are daemon threads; waiting for them would keep a finished job alive.
    os._exit(code)
