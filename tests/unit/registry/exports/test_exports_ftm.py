"""FollowTheMoney lines, against the property names of model 4.11.2."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from register_sites import Published
from registers import DAY_SECONDS
from stillwatch.registry.exports.ftm import ftm_lines

RISK = {
    "authority", "country", "date", "description", "duration", "endDate", "entity", "listingDate", "program", "proof",
    "publisher", "reason", "recordId", "sourceUrl", "startDate", "status", "summary", "topics",
}  # fmt: skip
PARTY = {
    "name", "alias", "weakAlias", "previousName", "country", "leiCode", "uscCode", "registrationNumber", "website",
    "topics",
}  # fmt: skip


def lines(published: Published, *, later: int = 0) -> dict[str, Any]:
    publication = replace(published.publication, now=published.publication.now + later)
    return {one["id"]: one for one in map(json.loads, ftm_lines(publication).splitlines())}


def test_each_entry_is_a_party_and_a_risk_that_the_model_knows(published: Published) -> None:
    found = lines(published)
    assert set(found) == {f"R-{n}{suffix}" for n in (1, 2, 3, 5) for suffix in ("", "-party")}
    for name, one in found.items():
        assert set(one["properties"]) <= (PARTY if name.endswith("-party") else RISK)
        assert one["schema"] == ("Company" if name.endswith("-party") else "Risk")
    assert found["R-1-party"]["properties"]["weakAlias"] == ["Quillfern"]
    assert found["R-1"]["properties"]["entity"] == ["R-1-party"]
    assert found["R-1"]["properties"]["sourceUrl"] == ["https://register.example/entries/R-1.html"]
    assert found["R-1"]["properties"]["authority"] == ["register.example", "Office of Examples"]


def test_nobody_is_called_sanctioned_and_a_tombstone_warns_of_nobody(published: Published) -> None:
    found = lines(published)
    assert "sanction" not in ftm_lines(published.publication)
    assert found["R-1"]["properties"]["topics"] == ["reg.warn"]
    for one in (found["R-3"], found["R-3-party"]):
        assert "topics" not in one["properties"]
    assert found["R-3"]["properties"]["status"] == ["withdrawn"]
    assert "ended because: They were hacked." in found["R-3"]["properties"]["summary"]
    assert "fictional example: no such party exists" in found["R-1"]["properties"]["summary"]


def test_an_entry_whose_time_is_over_warns_of_nobody_even_before_the_timer_ran(published: Published) -> None:
    found = lines(published, later=400 * DAY_SECONDS)
    assert found["R-1"]["properties"]["status"] == ["expired"]
    assert "topics" not in found["R-1-party"]["properties"]
    entry = published.publication.entries[0]
    assert entry.expires_at is not None
    assert found["R-1"]["properties"]["endDate"] == ["2027-10-21"]
