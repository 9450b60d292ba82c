"""What calls are sent with: User-Agent, the TLS fingerprint of its library, and the parameters of the application."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa

from stillwatch.simulate.draws import I64, U64, below, hexadecimal, join, mix, unit, zipf
from stillwatch.simulate.party import Party

SDKS = (
    ("OpenAI/Python 1.{}.{}", 60, 4, 3, "py"),
    ("OpenAI/JS 4.{}.{}", 70, 3, 2, "node"),
    ("Anthropic/Python 0.{}.{}", 40, 2, 3, "py"),
    ("python-requests/2.{}.{}", 6, 4, 3, "urllib"),
    ("python-httpx/0.{}.{}", 6, 3, 3, "py"),
    ("axios/1.{}.{}", 8, 5, 2, "node"),
    ("Go-http-client/{}.{}", 1, 2, 4, "go"),
    ("okhttp/4.{}.{}", 4, 2, 2, "java"),
    ("litellm/1.{}.{}", 30, 3, 2, "aiohttp"),
    ("langchain/0.{}.{}", 9, 8, 2, "py"),
    ("Java-http-client/{}.0.{}", 6, 4, 2, "java"),
    ("reqwest/0.{}.{}", 3, 9, 1, "rust"),
)
"""Libraries: pattern, minor versions, patches, TLS stacks behind it, name of the stack; shaped as they send them."""

SYSTEMS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
    "Linux; Android 10; K",
)

BROWSERS = ("Chrome/{}.0.0.0 Safari/537.36", "Chrome/{0}.0.0.0 Safari/537.36 Edg/{0}.0.0.0")

TEMPERATURES = (None, 1.0, 0.7, 0.0, 0.2, 0.5, 0.3, 0.8, 0.1, 0.6, 0.9, 1.2)
CEILINGS = (None, 1024, 2048, 4096, 512, 1000, 2000, 256, 8192, 800, 1500, 300, 16000, 3000)


@cache
def catalogue() -> tuple[pa.LargeStringArray, pa.LargeStringArray, I64]:
    """Return user agents by popularity, their JA4, and which of them are libraries (not browsers)."""
    agents: list[tuple[str, int, int, bool]] = []
    for rank, (pattern, minors, patches, stacks, stack) in enumerate(SDKS):
        for i in range(min(14, minors * patches)):
            text = pattern.format(minors - i // patches, i % patches)
            agents.append((text, _stack(stack, i % stacks), rank + 3 * i, True))
    for rank, system in enumerate(SYSTEMS):
        for i, browser in enumerate(BROWSERS):
            for version in range(10):
                text = f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) {browser.format(149 - version)}"
                agents.append((text, _stack("chrome", version // 4), 1 + rank + 4 * i + 5 * version, False))
    agents.sort(key=lambda a: a[2])
    return (
        pa.array([a[0] for a in agents], pa.large_string()),
        _ja4(np.array([a[1] for a in agents])),
        np.flatnonzero([a[3] for a in agents]),
    )


def pick_client(party: Party, who: I64, session: U64) -> tuple[pa.LargeStringArray, pa.LargeStringArray]:
    """Return User-Agent and JA4 of each call."""
    agents, ja4, libraries = catalogue()
    harness, person, owner = party.block.harness, party.person[who], party.owner[who]
    if harness == "one":
        return _own_client(party.seed, len(who))
    if harness == "few":
        few = libraries[below(mix(np.arange(5), party.seed + 71), min(60, len(libraries)))]
        picked = few[below(mix(person, 301), len(few))]
    elif harness == "common":
        picked = libraries[zipf(mix(person, 302), 24, 1.0)]
    elif harness == "own":
        picked = libraries[zipf(mix(owner, 303), len(libraries), 0.8)]
    else:
        second = unit(mix(session, 304)) < np.where(unit(mix(person, 305)) < 0.3, 0.4, 0.0)
        picked = zipf(
            mix(person, 306) ^ np.where(second, np.uint64(0x5A5A5A5A5A5A5A5A), np.uint64(0)), len(agents), 0.9
        )
    return agents.take(pa.array(picked)), ja4.take(pa.array(picked))


def pick_parameters(party: Party, who: I64) -> dict[str, pa.Array]:
    """Return temperature, ceiling, n, logprobs and stream of each call, as its application sets them."""
    harness, person = party.block.harness, party.person[who]
    if harness == "one":
        application = np.full(len(who), mix(np.array([party.seed]), 311)[0])
    elif harness == "few":
        application = mix(below(mix(person, 312), 3), party.seed)
    elif harness == "common":
        application = mix(zipf(mix(person, 313), 6, 1.5), 314)
    elif harness == "own":
        application = mix(party.owner[who], 315)
    else:
        application = mix(zipf(mix(person, 316), 80, 0.9), 317)
    ceiling = _pick(CEILINGS, zipf(mix(application, 319), len(CEILINGS), 0.9), pa.int64())
    if harness in {"popular", "common"}:  # default settings are left unset by most applications
        ceiling = pa.compute.if_else(pa.array(unit(mix(application, 323)) < 0.4), pa.scalar(None, pa.int64()), ceiling)
    return {
        "temperature": _pick(TEMPERATURES, zipf(mix(application, 318), len(TEMPERATURES), 0.9), pa.float64()),
        "max_output_tokens": ceiling,
        "n": pa.array(1 + (unit(mix(application, 320)) < 0.02).astype(np.int64)),
        "logprobs": pa.array(unit(mix(application, 321)) < 0.03),
        "stream": pa.array(unit(mix(application, 322)) < 0.6),
    }


def _own_client(seed: int, rows: int) -> tuple[pa.LargeStringArray, pa.LargeStringArray]:
    """Return one application's own client: a name of its own over a common TLS stack."""
    mark = mix(np.array([seed]), 331)
    name = f"{hexadecimal(mark, 'app-', 5)[0]}/{int(mark[0] % 9)}.{int(mark[0] % 31)} (okhttp)"
    stack = _ja4(np.array([_stack("java", int(mark[0] % 5))]))
    zero = pa.array(np.zeros(rows, np.int64))
    return pa.array([name], pa.large_string()).take(zero), stack.take(zero)


def _stack(name: str, number: int) -> int:
    return int.from_bytes(name.encode()[:6], "little") * 16 + number


def _ja4(stacks: I64) -> pa.LargeStringArray:
    head = hexadecimal(mix(stacks, 341), "t13d", 4)
    middle, last = hexadecimal(mix(stacks, 342), "", 12), hexadecimal(mix(stacks, 343), "", 12)
    return join(join(head, "h2"), middle, last, separator="_")


def _pick(values: tuple[float | None, ...], picked: I64, kind: pa.DataType) -> pa.Array:
    return pa.array(values, kind).take(pa.array(picked))
