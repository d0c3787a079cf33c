"""``python -m hf2ms_tui`` is the same as the command ``hf2ms-tui``."""

from hf2ms_tui.cli import main

if __name__ == "__main__":
    main()
