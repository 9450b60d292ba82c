"""Every setting of the gateway: name, default, meaning. Read from one TOML file; unknown keys are refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from stillwatch.errors import SettingsError
from stillwatch.gateway.nouns import Level, Unit
from stillwatch.settings import EVIDENCE

DATA = Path(".stillwatch")
"""Where everything lives unless said otherwise: one folder under the current directory."""


@dataclass(frozen=True)
class Listen:
    """``[listen]``: where callers connect, and how much one of them may hold open."""

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    max_body_bytes: int = 32 << 20
    """OpenAI's and Anthropic's documented request limits are near this; larger bodies get 413."""
    max_header_bytes: int = 32 << 10
    header_seconds: float = 10.0
    """A request whose headers are not complete by then is answered 408 and closed (slow-loris)."""
    body_seconds: float = 60.0
    """The same for its body."""
    idle_seconds: float = 75.0
    """A kept-alive connection without a request is closed after this."""
    drain_seconds: float = 60.0
    """After SIGTERM, how long open answers may go on."""
    max_connections: int = 20_000
    """Of one worker; further ones are answered 503."""


@dataclass(frozen=True)
class Upstream:
    """``[[upstreams]]``: a model server. Its key is read from a file or an environment variable and never logged."""

    name: str
    url: str
    """Scheme, host, port and the path before ``/v1``: https://api.example.com"""
    dialect: Literal["openai", "anthropic"] = "openai"
    key_file: Path | None = None
    key_env: str | None = None
    connect_seconds: float = 5.0
    first_byte_seconds: float = 600.0
    """Reasoning models answer late: the public clients wait 10 minutes."""
    idle_seconds: float = 120.0
    """Between two reads of one answer."""
    max_connections: int = 20_000
    allow_private: bool = False
    """Whether the address may be private or loopback; otherwise refused, so that no setting turns into SSRF."""


@dataclass(frozen=True)
class Model:
    """``[[models]]``: a model callers may name, its aliases, and who serves it.

    Names are compared byte for byte: a name in other letter case is unknown, so it cannot have budgets of its own.
    """

    name: str
    upstream: str
    aliases: tuple[str, ...] = ()
    upstream_model: str | None = None
    """What the upstream calls it, if otherwise; then, and only then, the body's ``model`` is replaced."""
    input_price: float = 0.0
    """List price of a million input tokens, in the operator's currency, for replay's revenue column."""
    output_price: float = 0.0


@dataclass(frozen=True)
class LimitRule:
    """``[[limits]]``: one budget. Each account, organization, campaign or model has its own; global is one.

    ``per_minute`` refills continuously up to ``burst`` (default: one minute's worth). For streams only ``most`` counts.
    """

    level: Level
    unit: Unit
    per_minute: float = 0.0
    burst: float | None = None
    most: int = 0
    plan: str | None = None
    """Only accounts of this plan; None = all that no other rule of the same level and unit names."""
    model: str | None = None
    when_store_fails: Literal["local", "closed", "open"] = "local"
    """local: go on from the last leases at this worker's share; closed: 503; open: unlimited, counted and logged."""


@dataclass(frozen=True)
class Weights:
    """``[weights]``: what an output token counts for where a distiller gets more of it."""

    reasoning: float = 1.0
    logprobs: float = 2.0
    """A token with alternatives carries several answers."""
    sample: float = 1.0
    """Each of n > 1 samples is counted in full; above 1 makes further samples dearer."""


@dataclass(frozen=True)
class Store:
    """``[store]``: Redis or Valkey, where several workers or hosts share budgets. No URL: each worker counts alone."""

    url: str | None = None
    connect_seconds: float = 0.2
    operation_seconds: float = 0.05
    prefix: str = "stillwatch"


@dataclass(frozen=True)
class Journal:
    """``[journal]``: the record of every admitted call."""

    folder: Path = DATA / "journal"
    fsync_seconds: float = 0.2
    """Group commit: after a power cut at most this much is lost; after kill -9 of a process, nothing."""
    segment_bytes: int = 64 << 20
    segment_seconds: float = 60.0
    """A segment is closed and sealed at this size or age; until then it holds prompts as they came, mode 0600."""
    keep_text: bool = False
    """Whether sealed segments keep prompts; otherwise fingerprints only."""
    keep_days: int = 35
    """Sealed segments older than this are removed: one month and the days a scan needs around it."""
    when_disk_full: Literal["refuse", "shed"] = "refuse"
    """refuse: 503 until there is room; shed: serve without a record, counted and logged."""
    key_file: Path = DATA / "key"
    """The fingerprint key, shared with ``scan``."""


@dataclass(frozen=True)
class Decide:
    """``[decide]``: the decision service, for gateways that people already run (docs/integrations.md)."""

    host: str = "127.0.0.1"
    port: int = 8082
    grpc_port: int = 0
    """Envoy's gRPC services; 0 = not served. Needs ``stillwatch[envoy]``."""
    token_file: Path = DATA / "decide-token"
    """What asking gateways must show; made at first use, mode 0600."""
    account_header: str = ""
    """nginx and Envoy: the header in which the asking gateway itself names the account. Never one that callers can set:
    the gateway must overwrite it. Empty = accounts are told by their credentials only."""
    keep_seconds: float = 600.0
    """A call of which nothing is reported for so long is taken as over: reasoning models answer late."""


@dataclass(frozen=True)
class Evidence:
    """``[evidence]``: where this table is, ``watch`` appends what arrived to the evidence log, each round."""

    folder: Path = EVIDENCE
    origin: str = ""
    """The log's name, best its URL without scheme; empty: one is made at first use. It never changes afterwards."""
    ml_dsa: bool = False
    """Whether new keys are ML-DSA-44 (FIPS 204) beside Ed25519."""
    passphrase_file: Path | None = None
    """The first line of it protects the signing keys; none: they are protected by their mode, 0600."""
    promises: bool = False
    """Whether answers carry a signed promise that the call will be in the log (header ``stillwatch-receipt``)."""


@dataclass(frozen=True)
class Telemetry:
    """``[telemetry]``: OpenTelemetry spans of calls (docs/telemetry.md). Needs ``stillwatch[otel]``."""

    otlp_endpoint: str = ""
    """A collector's base URL, http://127.0.0.1:4318. Empty: what OTEL_EXPORTER_OTLP_ENDPOINT says, else no spans."""
    account_names: bool = False
    """Whether spans name accounts as they are (``user.id``); otherwise by a keyed pseudonym (``user.hash``)."""


@dataclass(frozen=True)
class GatewaySettings:
    """The whole file. ``read_settings`` makes it; the demo makes its own."""

    listen: Listen = field(default_factory=Listen)
    upstreams: tuple[Upstream, ...] = ()
    models: tuple[Model, ...] = ()
    limits: tuple[LimitRule, ...] = ()
    weights: Weights = field(default_factory=Weights)
    store: Store = field(default_factory=Store)
    journal: Journal = field(default_factory=Journal)
    decide: Decide = field(default_factory=Decide)
    telemetry: Telemetry = field(default_factory=Telemetry)
    evidence: Evidence | None = None
    """None: no evidence log. Its deployment key is the journal's ``key_file``."""
    directory_url: str = f"sqlite:///{DATA}/directory.sqlite"
    """Accounts, keys and appeals: SQLite, or postgresql+psycopg://…"""
    rules: Path | None = None
    """The policy's TOML file; none = everything is allowed."""
    kill_switch: Path = DATA / "kill-switch"
    """While this file is there, every rule is in shadow, whatever it says."""
    shadow_only: bool = False
    """Keep every rule in shadow for good."""
    standing: Path = DATA / "standing"
    """Where ``watch`` leaves what it found."""
    admin_host: str = "127.0.0.1"
    admin_port: int = 8081
    admin_token_file: Path = DATA / "admin-token"
    allow_paths: tuple[str, ...] = ()
    """Further paths to relay as they are, each with its calls counted; everything else unknown is refused."""
    trust_forwarded_from: tuple[str, ...] = ()
    """Networks of proxies whose ``x-forwarded-for`` is believed; from anyone else it is dropped."""
    verification_url: str = ""
    appeal_url: str = ""

    def __post_init__(self) -> None:
        if self.evidence is not None and self.evidence.promises and self.journal.when_disk_full == "shed":
            raise SettingsError(
                '[evidence] promises: [journal] when_disk_full = "shed" serves calls without a record, which cannot be '
                'promised; say "refuse" there, or no promises'
            )
        known = {u.name for u in self.upstreams}
        names: set[str] = set()
        for model in self.models:
            if model.upstream not in known:
                raise SettingsError(f"[[models]] {model.name}: no upstream is called {model.upstream!r}; add it")
            for name in (model.name, *model.aliases):
                if name in names:
                    raise SettingsError(f"[[models]] {name}: named twice; remove one")
                names.add(name)
