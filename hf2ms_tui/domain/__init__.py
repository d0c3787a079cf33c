"""What things are: repos, files, decisions, jobs, proofs and the gate, as frozen dataclasses, enums and pure functions.

Imports nothing but the standard library and does no I/O, so that every rule people stake data on can be read and tested
without a hub, a clock or a screen. Every other room may use it.
"""
