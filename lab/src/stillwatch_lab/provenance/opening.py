"""From what is named on a command line to what an investigation needs."""

from __future__ import annotations

import time
from pathlib import Path

from stillwatch.evidence.book import Book
from stillwatch.evidence.events import Event
from stillwatch.settings import EvidenceSettings
from stillwatch_lab.errors import LabSettingsError
from stillwatch_lab.provenance.dossier import Dossier
from stillwatch_lab.provenance.investigate import Words
from stillwatch_lab.provenance.registration import Registration
from stillwatch_lab.respondents.folder import FolderRespondent
from stillwatch_lab.watermarks.kgw import GreenList
from stillwatch_lab.watermarks.scheme import Scheme
from stillwatch_lab.watermarks.synthid import Tournament

SCHEMES = ("kgw", "synthid")


def open_words(mine: FolderRespondent, dossier: Dossier) -> Words:
    """Read text with the host's tokenizer, and watermarks under its scheme."""
    tokenizer = mine.model.tokenizer
    vocabulary = int(mine.model.model.config.vocab_size)
    return Words(
        lambda text: tokenizer.encode(text, add_special_tokens=False), vocabulary, _scheme(dossier, vocabulary)
    )


def log_registration(registration: Registration, *, folder: Path, key: Path | None = None) -> None:
    """Append the registration's digest to the evidence log, once. Raises EvidenceError if there is no log."""
    settings = EvidenceSettings(folder, key_file=key) if key else EvidenceSettings(folder)
    said = {"registration": registration.digest, "subject": "provenance"}
    with Book(settings, clock=time.time) as book:
        book.append_events([Event("registration", said, once=registration.digest.encode())])


def _scheme(dossier: Dossier, vocabulary: int) -> Scheme | None:
    mark = dossier.watermark
    if mark is None:
        return None
    if mark.scheme not in SCHEMES:
        raise LabSettingsError(f"dossier.json: watermark scheme {mark.scheme!r}: known are {', '.join(SCHEMES)}")
    return GreenList(vocabulary, ratio=mark.ratio) if mark.scheme == "kgw" else Tournament(vocabulary)
