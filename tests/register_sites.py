"""A small register with an entry of each kind, published: for the tests of what is public."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from registers import (
    AUTHOR,
    CHANGES,
    CLAIMS,
    DRAFT,
    ENTITY,
    NETWORK,
    OFFICIAL,
    OTHER,
    Clock,
    evidence,
    open_test_register,
    publish_one,
)
from stillwatch.registry.changes import Decide, Erase, TakeAnswer
from stillwatch.registry.nouns import Stance
from stillwatch.registry.publication import About, Publication
from stillwatch.registry.register import open_register
from stillwatch.registry.site.write import write_site
from stillwatch.registry.statuses import Status, Step

ABOUT = About("Test register", "answers@register.example", "https://register.example/", fictional=True)
HOSTILE = '=cmd|"</script><script>document.title=1</script>\u202egnp.exe'


@dataclass(frozen=True)
class Published:
    """A register's folder, its site, and what was published."""

    folder: Path
    site: Path
    publication: Publication


def publish_all(folder: Path) -> Published:
    """Make R-1 alleged, R-2 contested, R-3 withdrawn after an appeal, R-4 erased, R-5 hostile, R-6 a draft."""
    clock = Clock()
    with open_test_register(folder / "register", clock) as register:
        publish_one(register, clock, DRAFT, evidence(), OFFICIAL)
        publish_one(register, clock, replace(DRAFT, criteria=NETWORK))
        register.make("R-2", TakeAnswer("its counsel", Stance.DISPUTES, "That was not us."), by=AUTHOR)
        publish_one(register, clock)
        register.make("R-3", CHANGES[Step.APPEAL], by=AUTHOR)
        register.make("R-3", Decide(Status.WITHDRAWN, "They were hacked."), by=OTHER)
        secret = replace(ENTITY, name="Secretfern Ltd", aliases=(), weak_aliases=(), domains=())
        publish_one(register, clock, replace(DRAFT, entity=secret))
        register.make("R-4", CHANGES[Step.WITHDRAW], by=AUTHOR)
        register.make("R-4", Erase("Asked for."), by=AUTHOR)
        hostile = replace(ENTITY, name=HOSTILE, aliases=(HOSTILE,), domains=())
        publish_one(register, clock, replace(DRAFT, entity=hostile, claims=(replace(CLAIMS[0], words=HOSTILE),)))
        register.draft(replace(DRAFT, entity=replace(ENTITY, name="Draftfern Ltd")), by=AUTHOR)
    publication = Publication(open_register(folder / "register"), ABOUT, int(clock()))
    write_site(publication, folder / "site")
    return Published(folder / "register", folder / "site", publication)
