"""A ModelScope on this machine: its OpenAPI, the older API beneath it, a blob upload host and a CDN.

The wire is the one that modelscope_hub 0.5.1 speaks. Where it is not known what the real server does, the stricter
behaviour is chosen and the place says so. The rest of the room (`world`, `wire`, `content`) and nothing of the program
above it may be used here.

`site` binds it together; `settings` are the knobs of the real service that differ, change or are not published;
`envelopes` and `access` are shared manners; the other modules each hold the routes of one topic.
"""

from .settings import MsSettings
from .site import ModelScopeSite

__all__ = ["ModelScopeSite", "MsSettings"]
