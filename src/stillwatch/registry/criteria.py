"""The criteria of an entry: the heads of H.R. 8283 as introduced, and its exceptions, each put to the test.

The bill is no law and was amended since; its definitions are used because they are the only public ones. A criterion
says what the evidence shows of a head and how strong that is; it never says that the law was broken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from stillwatch.errors import RegistryError
from stillwatch.evidence.bundle.heads import BILL

LIMBS: Mapping[str, str] = MappingProxyType(
    {
        "access_controls": "circumvents access controls, identity verification or geographic restrictions",
        "credentials": "uses fraudulent, misrepresented or unauthorised credentials",
        "terms": "breaks terms that specifically prohibit such use",
    }
)
"""The three limbs of "model extraction attack", of which one must be met; worded as ``evidence.bundle.heads``."""
PURPOSE: Mapping[str, str] = MappingProxyType(
    {
        "pattern": "volume, structure, pattern, coordination or timing of the queries",
        "concentration": "concentration on specific capabilities",
        "accounts": "coordinated use of multiple accounts",
        "timeline": "correlation with the development timeline of another model",
    }
)
"""From the totality of these the purpose may be inferred."""
ACTS = ("creates", "obtains", "maintains", "sells", "brokers", "provides")
"""What a fraudulent account network provider does with accounts (section 3(7))."""
MARKS = ("inferred", "observed", "corroborated")
"""How strong the support of a head is, the weakest first; as ``evidence.bundle.heads`` without "not claimed"."""
SOURCE = BILL


class Category(StrEnum):
    """The two categories of the bill."""

    EXTRACTION = "model_extraction_attack"
    ACCOUNT_NETWORK = "fraudulent_account_network_provider"


@dataclass(frozen=True, slots=True)
class Met:
    """A head, how strongly it is supported, and what shows it."""

    head: str
    mark: str
    words: str


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exception that was put to the test: whether it applies, and why (not)."""

    applies: bool
    words: str


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which heads are claimed, and how the exceptions were tested.

    ``authorised_use``: terms, a permitted exception or an authorisation allow it. ``free_expression``: a VPN or
    anti-censorship service, which is no account network on that basis alone. ``acts`` and ``knowing`` (what shows that
    it was knowingly and intentionally done) are asked of account networks only.
    """

    category: Category
    authorised_use: Exemption
    limbs: tuple[Met, ...] = ()
    purpose: tuple[Met, ...] = ()
    free_expression: Exemption | None = None
    acts: tuple[str, ...] = ()
    knowing: str = ""


def check_criteria(criteria: Criteria) -> None:
    """Raise RegistryError unless the criteria of the category are met and no exception applies."""
    if criteria.authorised_use.applies:
        raise RegistryError(
            f"criteria: the use was authorised ({criteria.authorised_use.words}); that is no extraction attack, and no "
            "entry can be made of it"
        )
    _check_words("authorised_use", criteria.authorised_use.words)
    for name, met, known in (("limbs", criteria.limbs, LIMBS), ("purpose", criteria.purpose, PURPOSE)):
        _check_heads(name, met, known)
    if criteria.category is Category.EXTRACTION:
        _check_extraction(criteria)
    else:
        _check_network(criteria)


def _check_extraction(criteria: Criteria) -> None:
    if not criteria.limbs:
        raise RegistryError(f"criteria: limbs: none is claimed; one of {', '.join(LIMBS)} must be")
    if not criteria.purpose:
        raise RegistryError(f"criteria: purpose: nothing is claimed; some of {', '.join(PURPOSE)} must be")
    if criteria.acts or criteria.knowing:
        raise RegistryError("criteria: acts and knowing are of account networks; leave them out, or name that category")


def _check_network(criteria: Criteria) -> None:
    unknown = set(criteria.acts) - set(ACTS)
    if unknown or not criteria.acts:
        raise RegistryError(f"criteria: acts: name what is done with accounts, some of {', '.join(ACTS)}")
    if not criteria.knowing.strip():
        raise RegistryError("criteria: knowing: say what shows that it was done knowingly and intentionally")
    if criteria.free_expression is None:
        raise RegistryError(
            "criteria: free_expression: say whether it is a VPN or anti-censorship service, which is no account "
            "network on that basis alone"
        )
    _check_words("free_expression", criteria.free_expression.words)
    if criteria.free_expression.applies and set(criteria.acts) <= {"maintains", "provides"}:
        raise RegistryError(
            f"criteria: a VPN or anti-censorship service ({criteria.free_expression.words}) is no account network for "
            "carrying traffic; an entry needs an act of its own: creates, obtains, sells or brokers accounts"
        )


def _check_heads(name: str, met: tuple[Met, ...], known: Mapping[str, str]) -> None:
    for one in met:
        if one.head not in known:
            raise RegistryError(f"criteria: {name}: no such head: {one.head!r}; there are: {', '.join(known)}")
        if one.mark not in MARKS:
            raise RegistryError(f"criteria: {one.head}: mark {one.mark!r}; write one of {', '.join(MARKS)}")
        _check_words(one.head, one.words)
    if len({one.head for one in met}) != len(met):
        raise RegistryError(f"criteria: {name}: a head is claimed twice; join what shows it")


def _check_words(head: str, words: str) -> None:
    if not words.strip():
        raise RegistryError(f"criteria: {head}: say in words what shows it; an empty box is no test")
