"""The sample org of the demo: about 25 repos on Hugging Face that look like a real org, and its ModelScope side.

`spec` says what a repo consists of; `files` has the building blocks; `datasets`, `models` and `backups` are the org;
`bulk` makes an org of any number of repos; `build` turns all of it into a world. May use `loopback`'s core.
"""
