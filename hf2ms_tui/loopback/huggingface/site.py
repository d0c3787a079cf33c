"""The hub as servers: an API origin, and storage and CDN on origins of their own."""

from __future__ import annotations

from ..wire import Call, Origin, Reply, Site, json_reply
from ..world import World


class HuggingFaceSite(Site):
    """Hugging Face. Environment names: HF_ENDPOINT, and a token per role the world has."""

    hub = "hf"

    def __init__(self, world: World) -> None:
        self.world = world
        self.origins = (
            Origin("api", "api", []),
            Origin("storage", "storage", []),
            Origin("cdn", "storage", []),
        )

    def environ(self) -> dict[str, str]:
        """Endpoint and tokens. Tokens labelled write, read and outsider get names of their own."""
        names = {"HF_ENDPOINT": self.origin("api").url}
        labels = {"write": "HF_TOKEN", "read": "HF_READ_TOKEN", "outsider": "HF_OUTSIDER_TOKEN"}
        for token in self.world.hf.tokens.values():
            if token.label in labels:
                names[labels[token.label]] = token.value
        return names

    def failure(self, call: Call, status: int, message: str) -> Reply:
        """``{"error": message}`` and the same in X-Error-Message."""
        return json_reply({"error": message}, status, {"X-Error-Message": message})
