"""Nonsense to the TAXII server and from one: a proper error each time, nothing half-written, nothing given away.

``STILLWATCH_FUZZ=100000`` asks so often; by default it is quick.
"""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

from sharing_world import parcel
from stillwatch.sharing.received import ReceivedTable
from stillwatch.sharing.stix_list import stix_list
from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.checks import Checked, Refused, check_object
from taxii_world import MEDIA, World, stix_object, world_at

COUNT = int(os.environ.get("STILLWATCH_FUZZ", "400"))
STATUSES = {200, 202, 400, 401, 403, 404, 405, 406, 413, 415, 422}
ODD = (
    None, True, -1, 2**70, 1e308, "", "\u0000", "ü" * 50, "' OR 1=1 --", "../../etc/passwd", [], {}, [[[]]],
    {"type": "indicator"}, "indicator--", "2026-01-01T00:00:00.000Z", "9999-12-31T23:59:60Z", "%00", "\ud800",
)  # fmt: skip
WORDS = ("objects", "manifest", "versions", "status", "collections", "api", "taxii2", "", "..", "%2e", "%ff", "x" * 300)
QUERIES = ("limit", "next", "added_after", "match[id]", "match[type]", "match[version]", "match[spec_version]", "x")


def mutate(draw: random.Random, value: Any, depth: int = 0) -> Any:
    """Return a value with something odd in it, anywhere."""
    if draw.random() < 0.25 or depth > 5:
        return draw.choice(ODD)
    if isinstance(value, dict) and value:
        changed = dict(value)
        name = draw.choice(list(changed))
        if draw.random() < 0.2:
            del changed[name]
        else:
            changed[name] = mutate(draw, changed[name], depth + 1)
        return changed
    if isinstance(value, list) and value:
        return [mutate(draw, v, depth + 1) if draw.random() < 0.3 else v for v in value]
    return draw.choice(ODD)


def body_of(draw: random.Random) -> bytes:
    raw = json.dumps(mutate(draw, {"objects": [stix_object(draw.randrange(50)) for _ in range(3)]})).encode()
    if draw.random() < 0.3:
        at = draw.randrange(len(raw) + 1)
        raw = raw[:at] + bytes(draw.randrange(256) for _ in range(draw.randrange(9))) + raw[at + draw.randrange(9) :]
    return raw


def ask(draw: random.Random, world: World) -> tuple[str, Any]:
    places = [world.collection, world.hidden, stix_object(draw.randrange(60))["id"], *WORDS]
    if draw.random() < 0.6:
        path = f"{world.root}/{draw.choice(['objects/', 'manifest/', f'objects/{draw.choice(places)}/'])}"
    else:
        path = "/" + "/".join(draw.choice(places) for _ in range(draw.randrange(1, 6)))
    values = ["1", "all", "first,last", "0", "-1", "x", "%27", "2026-01-01T00:00:00Z", ",", "A" * 40, "%F0%9F%98%80"]
    query = "&".join(f"{draw.choice(QUERIES)}={draw.choice(values)}" for _ in range(draw.randrange(3)))
    headers = {}
    if draw.random() < 0.2:
        headers["accept"] = draw.choice([MEDIA, "*/*;q=x", "application/taxii+json;version=", ";;,,=", "q=0"])
    if draw.random() < 0.2:
        headers["authorization"] = draw.choice(["Bearer", "Basic !!!", "Basic OmE=", "Token \x7f", "Bearer swshare-"])
    if draw.random() < 0.1:
        headers["content-type"] = draw.choice(["application/json", f"{MEDIA};x", "=;"])
    method = draw.choice(["GET", "GET", "POST", "POST", "DELETE", "HEAD", "PUT", "PATCH"])
    who = draw.choice(["both", "both", "both", "reader", "writer", "nobody", None])
    if method == "POST" and draw.random() < 0.7:
        path, query, headers = f"{world.root}/objects/", "", {}
    body = body_of(draw) if method in {"POST", "PUT", "PATCH"} else None
    return method, world.ask(f"{path}?{query}", method=method, body=body, caller=who, headers=headers)


def test_any_request_has_a_proper_answer_and_gives_nothing_away(tmp_path: Path) -> None:
    draw = random.Random(20_261_125)
    met: Counter[int] = Counter()
    with world_at(f"sqlite:///{tmp_path}/fuzz.db") as world:
        secrets = [*world.tokens.values(), "Hidden", str(tmp_path), "Traceback", "sqlite", "SELECT"]
        for _ in range(COUNT):
            method, reply = ask(draw, world)
            met[reply.status] += 1
            assert reply.status in STATUSES, reply
            assert reply.headers["content-type"] == MEDIA
            if method == "HEAD":
                continue
            said = reply.json
            if reply.status >= 400:
                assert set(said) == {"title", "description", "http_status"}
            text = reply.body.decode()
            assert not [s for s in secrets if s in text], text
        # Whatever was taken in is whole, of the right shape, and readable to the end.
        kept = [o for r in world.pages(f"{world.root}/objects/", limit="100") for o in r.json.get("objects", [])]
        assert all(isinstance(check_object(o), Checked) for o in kept)
    assert {200, 202, 400, 401, 404, 422} <= set(met)


def test_any_object_is_kept_or_refused_and_never_stops_a_reader(tmp_path: Path) -> None:
    draw = random.Random(7)
    database = open_sharing(f"sqlite:///{tmp_path}/fuzz.db")
    table = ReceivedTable(database)
    honest = stix_list(parcel())
    outcomes: Counter[str] = Counter()
    for number in range(max(1, COUNT // 20)):
        page = [mutate(draw, draw.choice(honest)) for _ in range(20)]
        outcomes.update(type(check_object(o)).__name__ for o in page)
        table.take("https://hub.example/", page, cursor="", now=0.0)
        if number % 20 == 0:
            table.indicators(now=1_783_000_000.0)
    table.indicators(now=1_783_000_000.0)
    database.close()
    assert outcomes[Refused.__name__]
    assert outcomes[Checked.__name__]
