"""Listings of fictional parties, for the tests of screening."""

from __future__ import annotations

from hashlib import sha256

from stillwatch.evidence.checkpoints import Checkpoint
from stillwatch.evidence.keys import new_signer
from stillwatch.evidence.notes import Algorithm, Note
from stillwatch.registry.nouns import Entity, Kind
from stillwatch.registry.screening.listing import Listed, Listing

LEI = "506700GE1G29325QX363"
OTHER_LEI = "5493001KJTIIGC8Y1R12"
USCC = "91350100M000100Y43"
FERN = Entity(
    Kind.COMPANY,
    "Quillfern Model Works Ltd",
    aliases=("羽蕨模型工坊有限公司",),
    weak_aliases=("Quillfern",),
    country="zz",
    city="Port Sedge",
    lei=LEI,
    registration_number="HRB 4711",
    domains=("quillfern.example",),
)
LUNAR = Entity(Kind.COMPANY, "ООО «Лунный папоротник»", uscc=USCC)  # noqa: RUF001 - Cyrillic on purpose
GOSARI = Entity(Kind.COMPANY, "가상고사리연구소 주식회사")
PERSON = Entity(Kind.PERSON, "羽明远", city="Port Sedge")
GULL = Entity(Kind.ORGANIZATION, "مختبر النورس الخيالي")
ALL = (FERN, LUNAR, GOSARI, PERSON, GULL)


def listed(*entities: Entity, steps: int = 4) -> tuple[Listed, ...]:
    """Make parties R-1, R-2, …"""
    return tuple(Listed(f"R-{n}", entity, "alleged", "none", steps) for n, entity in enumerate(entities or ALL, 1))


def listing(*entities: Entity, size: int = 9) -> Listing:
    """Make a listing with a signed checkpoint."""
    checkpoint = Checkpoint("register.example", size, sha256(b"root").digest())
    signer = new_signer("register.example", Algorithm.ED25519)
    return Listing(str(Note(checkpoint.text, (signer.sign(checkpoint, time=1),))), listed(*entities))
