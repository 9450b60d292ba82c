"""What a source other than the host says about one head of a campaign: a note that it signs with its own key.

    stillwatch.second-source/1
    <origin of the accusing host's log>
    <campaign>
    head: <words of the head>
    says: <what the source saw, in its own words>

A second source is another host, a payment processor, a cloud, a reseller: somebody with records of its own. Whoever
reads a bundle brings the source's key; a statement that only the host vouches for corroborates nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from stillwatch.errors import EvidenceError
from stillwatch.evidence.keys import Signer
from stillwatch.evidence.notes import Algorithm, Note, Signature, parse_note

FORMAT = "stillwatch.second-source/1"


@dataclass(frozen=True, slots=True)
class Statement:
    """Of whom, of which head of which campaign, and what is said. Each is one line."""

    origin: str
    campaign: str
    head: str
    says: str

    def __str__(self) -> str:
        """Return the text that is signed."""
        return f"{FORMAT}\n{self.origin}\n{self.campaign}\nhead: {self.head}\nsays: {self.says}\n"


def sign_statement(statement: Statement, signer: Signer) -> bytes:
    """Return the signed note. Raises EvidenceError for a part of more than one line, or a key that is not Ed25519."""
    parts = (statement.origin, statement.campaign, statement.head, statement.says)
    if not all(part and part.isprintable() for part in parts):
        raise EvidenceError("a statement: each part is one line of printable text, and none is empty")
    if signer.verifier.algorithm is not Algorithm.ED25519:
        raise EvidenceError("a statement is signed with an Ed25519 key")
    value = bytes(signer.private_key.sign(str(statement).encode()))
    return str(Note(str(statement), (Signature(signer.verifier.name, signer.verifier.key_id, value),))).encode()


def read_statement(data: bytes) -> Statement:
    """Read a statement, whoever signed it: who reads the bundle checks that. Raises EvidenceError if it is none."""
    lines = parse_note(data).text.split("\n")
    if len(lines) != 6 or lines[0] != FORMAT or not lines[3].startswith("head: ") or not lines[4].startswith("says: "):
        raise EvidenceError(f"a second source's statement: not of the format {FORMAT}")
    return Statement(lines[1], lines[2], lines[3].removeprefix("head: "), lines[4].removeprefix("says: "))
