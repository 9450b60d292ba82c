"""A folder of files turned into one zip, the same bytes for the same files.

Another zlib may pack the same files differently; the digests in the manifest are of what is inside.
"""

from __future__ import annotations

import shutil
import zipfile
from hashlib import file_digest
from pathlib import Path

from stillwatch.errors import EvidenceError

MAX_FILE_BYTES = 2_000_000_000
"""Below the 2 GiB from which a zip needs the 64-bit form, which the verifier refuses."""
_MODE = 0o100644 << 16
_BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can say."""


class Draft:
    """The files of a bundle, being written below a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Return where to write a file, in a folder that is there."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def add(self, name: str, data: bytes) -> None:
        """Write a file."""
        self.path(name).write_bytes(data)

    def digest(self, name: str) -> str:
        """Return a file's SHA-256 in hex."""
        with (self.folder / name).open("rb") as file:
            return file_digest(file, "sha256").hexdigest()

    def digests(self) -> dict[str, str]:
        """Return every file's SHA-256 in hex, by name in order."""
        return {name: self.digest(name) for name in self.names()}

    def names(self) -> list[str]:
        """Return the files' names in order."""
        return sorted(p.relative_to(self.folder).as_posix() for p in self.folder.rglob("*") if p.is_file())

    def pack(self, out: Path) -> None:
        """Write the zip, whole or not at all. Raises EvidenceError for too large a file, or if it cannot write."""
        half = out.with_name(f".{out.name}.new")
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            with zipfile.ZipFile(half, "w") as zipped:
                for name in self.names():
                    self._pack(zipped, name)
            half.replace(out)
        except OSError as problem:
            raise EvidenceError(f"{out}: cannot be written: {problem.strerror or problem}") from problem
        finally:
            half.unlink(missing_ok=True)

    def _pack(self, zipped: zipfile.ZipFile, name: str) -> None:
        path = self.folder / name
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise EvidenceError(f"{name}: {size:,} bytes, too large for a bundle; use --leaves sample")
        info = zipfile.ZipInfo(name, _BEGINNING)
        info.create_system, info.external_attr, info.file_size = 3, _MODE, size
        # Hashes do not shrink.
        info.compress_type = zipfile.ZIP_STORED if path.suffix == ".bin" else zipfile.ZIP_DEFLATED
        with path.open("rb") as source, zipped.open(info, "w") as target:
            shutil.copyfileobj(source, target, 1 << 20)
