"""The gateway with no settings at all: one key, models that are a stand-in, everything in one process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stillwatch.gateway.assemble import make_parts
from stillwatch.gateway.directory.opened import Directory
from stillwatch.gateway.parts import Parts
from stillwatch.gateway.settings import GatewaySettings, Journal, Listen, Model, Upstream
from stillwatch.gateway.standin.server import StandinServer

MODELS = {"stand-in": "openai", "stand-in-claude": "anthropic"}
"""Names of the demo's models, with the API they speak."""

CURL = """curl http://{host}:{port}/v1/chat/completions \\
  -H 'authorization: Bearer {key}' -H 'content-type: application/json' \\
  -d '{{"model": "stand-in", "messages": [{{"role": "user", "content": "Hello, gateway!"}}]}}'"""


@dataclass(frozen=True)
class Demo:
    """One demo gateway. ``key`` opens it; what it writes goes to ``folder``, never to a real gateway's."""

    listen: Listen
    key: str
    folder: Path

    @property
    def directory_url(self) -> str:
        """The demo's own directory."""
        return f"sqlite:///{self.folder}/directory.sqlite"

    def parts(self) -> Parts:
        """Return the parts, with the stand-in as the first to start."""
        standin = StandinServer()
        upstreams = tuple(Upstream(d, standin.url, dialect=d, allow_private=True) for d in ("openai", "anthropic"))
        models = tuple(Model(name, upstream=dialect) for name, dialect in MODELS.items())
        settings = GatewaySettings(
            listen=self.listen,
            upstreams=upstreams,
            models=models,
            journal=Journal(folder=self.folder / "journal", key_file=self.folder / "key"),
            directory_url=self.directory_url,
            standing=self.folder / "standing",
            admin_token_file=self.folder / "admin-token",
        )
        parts = make_parts(settings)
        parts.starts.insert(0, standin.start)
        parts.stops.insert(0, standin.stop)
        return parts

    def greeting(self) -> str:
        """Return what a newcomer needs: the key, and a command that works."""
        return CURL.format(host=self.listen.host, port=self.listen.port, key=self.key)


def make_demo(listen: Listen, folder: Path, *, now: float) -> Demo:
    """Return a demo in ``folder``, with one account and a key of its own in the directory there."""
    with Directory(f"sqlite:///{folder}/directory.sqlite") as directory:
        directory.accounts.add("demo", {}, by="demo", now=now)
        key = directory.keys.issue("demo", by="demo", now=now)
    return Demo(listen, key.text, folder)
