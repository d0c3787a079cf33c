"""An adversary that changes the world between any two steps, and an oracle that sees every byte of it.

The program is the real one: real services on real adapters over served hubs. The oracle uses none of it: it looks into the
hubs' own storage, hashes the bytes there itself, and judges each deletion at the instant its request arrives.
"""
