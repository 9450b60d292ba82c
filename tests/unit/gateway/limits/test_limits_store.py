from __future__ import annotations

import asyncio

import pytest

from stillwatch.errors import SettingsError
from stillwatch.gateway.limits.store import RedisStore, StoreFailed
from stillwatch.gateway.settings import Store


def test_an_address_that_is_none_is_refused_with_what_to_write() -> None:
    with pytest.raises(SettingsError, match=r"\[store\] url: .*write redis://HOST:PORT/0"):
        RedisStore(Store(url="localhost:6379"))


def test_nobody_at_the_address_is_a_failure_and_no_crash() -> None:
    async def main() -> None:
        store = RedisStore(Store(url="redis://127.0.0.1:1/0"))
        with pytest.raises(StoreFailed):
            await store.lease("worker", [])
        await store.close()

    asyncio.run(main())
