"""What the pages say, as plain values; the templates only lay it out."""

from __future__ import annotations

from typing import Any

from stillwatch.registry.criteria import LIMBS, PURPOSE, SOURCE, Category, Criteria
from stillwatch.registry.nouns import Answer, Entry, Evidence
from stillwatch.registry.publication import Publication
from stillwatch.registry.records import Leaf, Record
from stillwatch.registry.statuses import MEANS, TOMBSTONES, Status
from stillwatch.registry.times import show_date, show_time
from stillwatch.registry.words import STANCE, STATUS, grounds, told

View = dict[str, Any]
CATEGORY = {
    Category.EXTRACTION: "said to extract a model's capabilities",
    Category.ACCOUNT_NETWORK: "said to provide accounts for extraction",
}
ANSWERS = {
    "given": "answered",
    "none": "did not answer",
    "awaited": "may still answer",
    "not asked yet": "was not asked yet",
}


def index_page(publication: Publication) -> View:
    """Return the front page: who stands, who stood, and what that means."""
    latest = sorted(publication.records, key=lambda record: -record.leaves[-1].index)
    rows = [_row(record, publication.now) for record in latest]
    return _page(publication, root="") | {
        "standing": [row for row in rows if not row["ended"]],
        "ended": [row for row in rows if row["ended"]],
        "statuses": [(STATUS[s], MEANS[s]) for s in Status if s not in {Status.DRAFT, Status.NOTIFIED}],
    }


def about_page(publication: Publication) -> View:
    """Return the page of rules and of how to verify."""
    keys = [str(key) for key in publication.opened.log.keys.every]
    return _page(publication, root="") | {"log_keys": keys, "source": SOURCE}


def entry_page(record: Record, publication: Publication) -> View:
    """Return an entry's page, or the tombstone of one that was erased."""
    history = [_leaf(leaf) for leaf in record.leaves]
    page = _page(publication, root="../") | {"name": record.name, "history": history, "entry": None}
    if record.entry is None:
        return page | {"because": getattr(record.last.change, "reasons", ""), "on": show_date(record.last.at)}
    return page | {"entry": _entry(record.entry, publication.now)}


def _page(publication: Publication, *, root: str) -> View:
    return {
        "about": publication.about,
        "origin": publication.origin,
        "size": publication.size,
        "made_on": show_date(publication.now),
        "made_at": show_time(publication.now),
        "root": root,
    }


def _row(record: Record, now: int) -> View:
    entry = record.entry
    if entry is None:
        return {"name": record.name, "called": "", "ended": True, "status": "erased", "tone": "ended", "search": ""} | {
            "also": "", "says": "", "answer": "–", "published": "–", "expires": "–",  # noqa: RUF001 - dashes
        }  # fmt: skip
    entity, status = entry.entity, entry.status_at(now)
    names = (*entity.aliases, *entity.weak_aliases, *entity.previous_names)
    words = (entity.name, *names, *entity.domains, entity.lei, entity.uscc, entity.registration_number, record.name)
    return {
        "name": record.name,
        "called": entity.name,
        "also": "; ".join(names),
        "says": CATEGORY[entry.criteria.category],
        "status": STATUS[status],
        "tone": _tone(status),
        "answer": _party_says(entry, now),
        "published": show_date(entry.published_at),
        "expires": show_date(entry.stood_until(now)),
        "ended": status in TOMBSTONES,
        "search": " ".join(w for w in words if w).casefold(),
    }


def _party_says(entry: Entry, now: int) -> str:
    return "appealed" if entry.own_appeals else ANSWERS[entry.answer_at(now)]


def _tone(status: Status) -> str:
    if status in TOMBSTONES:
        return "ended"
    return "disputed" if status in {Status.CONTESTED, Status.UNDER_REVIEW} else "stands"


def _entry(entry: Entry, now: int) -> View:
    status, entity = entry.status_at(now), entry.entity
    return {
        "called": entity.name,
        "facts": _facts(entry),
        "status": STATUS[status],
        "means": MEANS[status],
        "tone": _tone(status),
        "ended": status in TOMBSTONES,
        "because": entry.ended_because or ("Its time was over." if status is Status.EXPIRED else ""),
        "says": CATEGORY[entry.criteria.category],
        "answer_state": _party_says(entry, now),
        "deadline": show_date(entry.notices[-1].deadline) if entry.notices else "",
        "told_on": show_date(entry.notices[-1].sent_at) if entry.notices else "",
        "answers": [_answer(answer) for answer in entry.answers],
        "claims": entry.claims,
        "criteria": _criteria(entry.criteria),
        "evidence": [_evidence(piece) for piece in entry.evidence],
        "own_appeals": [_appeal(entry, number, now) for number, a in enumerate(entry.appeals) if not a.by_register],
        "reviews": [_appeal(entry, number, now) for number, a in enumerate(entry.appeals) if a.by_register],
        "decisions": [
            {
                "on": show_date(d.decided_at),
                "by": d.reviewer,
                "key": _short(d.key),
                "outcome": d.outcome.replace("_", " "),
                "why": d.reasons,
            }
            for d in entry.decisions
        ],
        "published": show_date(entry.published_at),
        "expires": show_date(entry.stood_until(now)),
        "follows": entry.follows,
    }


def _facts(entry: Entry) -> list[tuple[str, str]]:
    entity = entry.entity
    known = [
        ("Also known as", "; ".join(entity.aliases)),
        ("Names that others share", "; ".join(entity.weak_aliases)),
        ("Formerly", "; ".join(entity.previous_names)),
        ("Kind", entity.kind.value.replace("LegalEntity", "Legal entity")),
        ("Seat", ", ".join(part for part in (entity.city, entity.country.upper()) if part)),
        ("LEI", entity.lei),
        ("USCC", entity.uscc),
        ("Registration number", entity.registration_number),
        ("Domains", "; ".join(entity.domains)),
    ]
    return [(label, text) for label, text in known if text]


def _short(key: str) -> str:
    """Return a vkey's id: enough to find it in ``actors.txt``."""
    return key.split("+")[1] if key else ""


def _answer(answer: Answer) -> View:
    return {
        "on": show_date(answer.received_at),
        "sender": answer.sender,
        "stance": STANCE[answer.stance],
        "text": answer.text,
        "url": answer.url,
        "sha256": answer.sha256,
    }


def _criteria(criteria: Criteria) -> View:
    heads = [(LIMBS[m.head], m) for m in criteria.limbs] + [(PURPOSE[m.head], m) for m in criteria.purpose]
    tested = [("The use was authorised", criteria.authorised_use)]
    if criteria.free_expression is not None:
        tested.append(("It is a VPN or anti-censorship service", criteria.free_expression))
    return {
        "source": SOURCE,
        "heads": [{"head": head, "mark": met.mark, "words": met.words} for head, met in heads],
        "acts": ", ".join(criteria.acts),
        "knowing": criteria.knowing,
        "tested": [{"what": what, "applies": t.applies, "words": t.words} for what, t in tested],
    }


def _evidence(piece: Evidence) -> View:
    return {
        "who": piece.authority or piece.provider,
        "owner": piece.owner,
        "shows": piece.shows,
        "bundle": piece.bundle,
        "place": f"entry {piece.index} of {piece.origin}" if piece.bundle else "",
        "repeats": piece.repeats,
        "url": piece.url,
        "verdicts": sorted(piece.verdicts.items()),
    }


def _appeal(entry: Entry, number: int, now: int) -> View:
    appeal = entry.appeals[number]
    decided = [d for d in entry.decisions if d.outcome in {"upheld", "corrected", "withdrawn"}]
    late = number >= len(decided) and now > appeal.decide_by
    return {
        "on": show_date(appeal.filed_at),
        "by": "The register itself" if appeal.by_register else appeal.sender,
        "grounds": grounds(appeal.grounds),
        "words": appeal.words,
        "decide_by": show_date(appeal.decide_by),
        "late": late,
        "is_open": number >= len(decided),
    }


def _leaf(leaf: Leaf) -> View:
    if leaf.signed is None:
        return {"index": leaf.index, "at": "", "by": "", "key": "", "title": "erased", "details": ()}
    change = told(leaf.signed)
    return {
        "index": leaf.index,
        "at": show_time(leaf.signed.at)[:16].replace("T", " "),
        "by": leaf.signed.by,
        "key": _short(leaf.signed.key),
        "title": change.title,
        "details": change.details,
    }
