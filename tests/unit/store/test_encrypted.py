from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.errors import SourceError
from stillwatch.store.encrypted import read_encrypted, write_encrypted

KEY = bytes(range(32))
TABLE = pa.table({"prompt": ["a secret sentence"] * 100, "n": range(100)})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_encrypted(TABLE, tmp_path / "f", key=KEY, name="f")
    return tmp_path / "f"


def test_the_key_and_the_name_open_it(path: Path) -> None:
    assert read_encrypted(path, key=KEY, name="f").equals(TABLE)


def test_nothing_in_it_can_be_read_without(path: Path) -> None:
    raw = path.read_bytes()
    assert raw[:4] == b"PARE", "an encrypted footer, as the Parquet format has it"
    assert b"secret" not in raw
    assert b"prompt" not in raw


@pytest.mark.parametrize(("key", "name"), [(bytes(32), "f"), (KEY, "g")])
def test_another_key_or_name_does_not(path: Path, key: bytes, name: str) -> None:
    with pytest.raises(SourceError, match="cannot be decrypted"):
        read_encrypted(path, key=key, name=name)


def test_a_single_changed_bit_is_noticed(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[200] ^= 1
    path.write_bytes(raw)
    with pytest.raises(SourceError, match="cannot be decrypted"):
        read_encrypted(path, key=KEY, name="f")


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be decrypted"):
        read_encrypted(tmp_path / "none", key=KEY, name="none")
