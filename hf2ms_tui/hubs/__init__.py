"""The only room that knows hub APIs and imports their SDKs.

One protocol in three halves (read, write, delete), an adapter each for Hugging Face and ModelScope, translation of their
errors into ours, and the interlock that stops destructive requests without a pass. Foreign text is cleaned here, as it
enters. May use ``domain`` only. The SDKs are imported inside the adapters, never when this package is imported.
"""
