"""Redis or Valkey as the store that shares out budgets: one script, one call for many of them, the server's clock.

All keys of one prefix carry one hash tag, so that in a cluster they live in one slot and one script may touch them all.
What that slot bears are leases, a few a second for each busy budget and worker, not calls.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from importlib.resources import files
from typing import Literal, Protocol

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, NoScriptError, RedisError, ResponseError

from stillwatch.errors import SettingsError
from stillwatch.gateway.limits.lease import LEASE_SECONDS, Grant, Request
from stillwatch.gateway.settings import Store

log = logging.getLogger(__name__)
SCRIPT = files("stillwatch.gateway.limits").joinpath("lease.lua").read_text(encoding="utf-8")
HASH = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
"""Redis names scripts by their SHA-1; here it protects nothing."""


class StoreFailed(Exception):  # noqa: N818  (expected now and then; the limiter has a mode for it)
    """The store did not answer in time, or not what was asked."""


class LeaseStore(Protocol):
    """Who shares out budgets among workers. ``scripts`` says how the script is sent."""

    scripts: Literal["evalsha", "eval"]

    async def lease(self, worker: str, requests: Sequence[Request]) -> tuple[int, list[Grant]]:
        """Return how many workers are known, and a grant for each request. Raises StoreFailed."""

    async def close(self) -> None:
        """Let go of connections."""


class RedisStore:
    """The store at ``settings.url``. Raises SettingsError where the URL cannot be read.

    ``?cluster=true`` in the URL asks for a cluster's nodes. ``scripts`` says how the script is sent: by its hash, or in
    full each time where the server (or a proxy before it) refuses hashes.
    """

    def __init__(self, settings: Store, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._lease_microseconds = int(lease_seconds * 1_000_000)
        url = settings.url or ""
        self._workers_key = f"{{{settings.prefix}}}:workers"
        self._prefix = f"{{{settings.prefix}}}:"
        # A new connection shakes hands first, and a cluster is asked for its nodes.
        self._patience = settings.connect_seconds + 2 * settings.operation_seconds
        self.scripts: Literal["evalsha", "eval"] = "evalsha"
        try:
            self._client = _client(url, settings)
        except ValueError as problem:
            raise SettingsError(f"[store] url: {problem}; write redis://HOST:PORT/0, rediss:// or unix://") from None

    async def lease(self, worker: str, requests: Sequence[Request]) -> tuple[int, list[Grant]]:
        """Ask for many budgets in one call. Raises StoreFailed; whether the store acted on it is then not known."""
        keys = [self._workers_key, *(self._prefix + r.key for r in requests)]
        numbers: list[str | float | int] = [worker, self._lease_microseconds]
        for r in requests:
            numbers += (r.rate, r.burst, r.used, r.acknowledged, r.had, r.want, r.hint)
        try:
            async with asyncio.timeout(self._patience):
                answer = await self._run(keys, numbers)
            workers, *amounts = map(float, answer)
        except (RedisError, OSError, TimeoutError, ValueError, TypeError) as problem:
            raise StoreFailed(f"{type(problem).__name__}: {problem}") from problem
        return int(workers), [Grant(*three) for three in zip(amounts[::3], amounts[1::3], amounts[2::3], strict=True)]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _run(self, keys: list[str], arguments: list[str | float | int]) -> list[bytes]:
        if self.scripts == "evalsha":
            try:
                return list(await self._client.evalsha(HASH, len(keys), *keys, *arguments))
            except NoScriptError:
                pass  # a new or restarted server: EVAL, below, teaches it the script
            except ResponseError as problem:
                if not _refuses_hashes(problem):
                    raise
                self.scripts = "eval"
                log.warning(
                    "store refuses EVALSHA (%s): the script is sent in full with every call from now on", problem
                )
        return list(await self._client.eval(SCRIPT, len(keys), *keys, *arguments))


def _refuses_hashes(problem: ResponseError) -> bool:
    """Whether the server knows no EVALSHA or forbids it: proxies and access lists do, and then EVAL may still pass."""
    return isinstance(problem, NoPermissionError) or "unknown command" in str(problem).lower()


def _client(url: str, settings: Store) -> Redis | RedisCluster:
    """Return a client that never waits longer than the settings say and never repeats a question by itself."""
    address, _, query = url.partition("?")
    if "cluster=true" in query.split("&"):
        return RedisCluster.from_url(
            address,
            socket_connect_timeout=settings.connect_seconds,
            socket_timeout=settings.operation_seconds,
            retry=Retry(NoBackoff(), 0),
        )
    return Redis.from_url(
        url,
        socket_connect_timeout=settings.connect_seconds,
        socket_timeout=settings.operation_seconds,
        retry=Retry(NoBackoff(), 0),
    )
