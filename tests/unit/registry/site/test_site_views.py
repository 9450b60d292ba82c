"""What the pages say."""

from __future__ import annotations

from dataclasses import replace

from register_sites import Published
from registers import DAY_SECONDS
from stillwatch.registry.nouns import Entry
from stillwatch.registry.publication import Publication
from stillwatch.registry.site.views import entry_page, index_page


def page(published: Published, name: str, *, later: int = 0) -> dict[str, object]:
    publication = replace(published.publication, now=published.publication.now + later)
    record = next(r for r in publication.records if r.name == name)
    view: dict[str, object] = entry_page(record, publication)["entry"]
    return view


def test_an_appeal_is_an_answer_and_stands_where_the_party_speaks(published: Published) -> None:
    said = page(published, "R-3")
    assert said["answer_state"] == "appealed"
    assert [a["words"] for a in said["own_appeals"]] == ["We were hacked."]  # type: ignore[attr-defined]
    assert said["because"] == "They were hacked."
    assert page(published, "R-1")["answer_state"] == "did not answer"


def test_what_ended_early_stood_until_then(published: Published) -> None:
    assert page(published, "R-3")["published"] == page(published, "R-3")["expires"]
    assert page(published, "R-1")["expires"] == "21 October 2027"


def test_an_entry_whose_time_is_over_is_shown_as_expired(published: Published) -> None:
    later = page(published, "R-1", later=400 * DAY_SECONDS)
    assert (later["status"], later["ended"], later["because"]) == ("expired", True, "Its time was over.")
    publication: Publication = replace(published.publication, now=published.publication.now + 400 * DAY_SECONDS)
    assert index_page(publication)["standing"] == []


def test_a_late_register_says_so(published: Published) -> None:
    record = next(r for r in published.publication.records if r.name == "R-3")
    assert isinstance(record.entry, Entry)
    waiting = replace(
        record, entry=replace(record.entry, decisions=record.entry.decisions[:1], status=record.entry.status)
    )
    late = replace(published.publication, now=published.publication.now + 300 * DAY_SECONDS)
    (appeal,) = entry_page(waiting, late)["entry"]["own_appeals"]
    assert (appeal["is_open"], appeal["late"]) == (True, True)
