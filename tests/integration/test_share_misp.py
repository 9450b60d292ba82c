"""An exported event pushed by PyMISP over HTTP to a stand-in for a MISP server (no real one was used)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from pymisp import MISPEvent, PyMISP
from pymisp.exceptions import PyMISPError

from misp_server import KEY, Misp, misp_server, problems
from sharing_world import parcel
from stillwatch.sharing.exporter import find_exporter

EXPORTER = find_exporter("misp")


@pytest.fixture
def misp() -> Iterator[Misp]:
    with misp_server() as running:
        yield running


def exported(**changed: Any) -> MISPEvent:
    """Return the event of a written file, as a user loads it."""
    (said,) = json.loads(EXPORTER.write(EXPORTER.documents(parcel(**changed))))["response"]
    event = MISPEvent()
    event.load(said)
    return event


def test_an_event_is_pushed_whole_and_a_later_version_takes_its_place(misp: Misp) -> None:
    client, event = PyMISP(misp.url, KEY), exported()
    done = client.add_event(event)
    assert "errors" not in done, done
    (kept,) = misp.events.values()
    assert len(kept["Attribute"]) == len(event.attributes) == 10
    assert {t["name"] for t in kept["Tag"]} >= {"tlp:amber"}
    assert {a["value"] for a in kept["Attribute"]} == {a.value for a in event.attributes}
    again = client.add_event(exported())
    assert "already exists" in str(again["errors"])
    less = exported(key=None)
    assert "errors" not in client.update_event(less)
    (kept,) = misp.events.values()
    assert len(kept["Attribute"]) == len(less.attributes) < 10


def test_a_wrong_key_is_told(misp: Misp) -> None:
    with pytest.raises(PyMISPError):
        PyMISP(misp.url, "b" * 40)
    assert misp.events == {}


@pytest.mark.parametrize(
    "changed", [{"distribution": "9"}, {"threat_level_id": "0"}, {"info": ""}, {"Tag": [{"name": ""}]}]
)
def test_the_stand_in_refuses_what_the_schema_refuses(changed: dict[str, Any]) -> None:
    event = deepcopy(EXPORTER.documents(parcel())[0]["response"][0]["Event"])
    assert problems(event) == []
    assert problems(event | changed)
