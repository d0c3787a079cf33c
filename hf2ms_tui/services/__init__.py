"""What a person does, without a screen: take inventory, advise, decide, plan, run jobs, prove, open the gate, delete.

Screens and headless verbs call the same functions here; neither has logic of its own. No function here blocks an event
loop by itself: callers run them in threads. May use every room but ``loopback``, ``tui`` and the command line.
"""
