"""A bundle that is packed to deceive a reader is refused before anything in it is believed."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path

import pytest

from bundles import Files, refused
from stillwatch.evidence import verify


def packed(out: Path, members: list[tuple[zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(out, "w") as zipped:
        for info, data in members:
            zipped.writestr(info, data)
    return out


def member(name: str, mode: int = 0o100644, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr, info.compress_type = 3, mode << 16, method
    return info


@pytest.mark.parametrize("name", ["../x", "/x", "a/../b", "a//b", "a\\b", "C:x", "a/.hidden", "x\n", "ä", "a/"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    refused(packed(tmp_path / "b.zip", [(member(name), b"x")]), ": a name that could lead out of a folder")


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o755, stat.S_IFCHR | 0o644, 0o100666, 0])
def test_links_folders_and_devices_are_refused(tmp_path: Path, mode: int) -> None:
    refused(packed(tmp_path / "b.zip", [(member("x", mode), b"x")]), "a link, folder or device")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    refused(packed(tmp_path / "b.zip", [(member("x"), b"1"), (member("x"), b"2")]), "a file name occurs twice")


def test_names_out_of_order_are_refused(tmp_path: Path) -> None:
    refused(packed(tmp_path / "b.zip", [(member("y"), b"1"), (member("x"), b"2")]), "not in order")


def test_a_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    refused(packed(tmp_path / "b.zip", [(member("x"), bytes(50_000_000))]), "a zip bomb")


def test_a_bomb_of_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "MAX_FILES", 3)
    refused(packed(tmp_path / "b.zip", [(member(f"x{i}"), b"") for i in range(4)]), "4 files, more than 3")


def test_a_size_that_lies_is_refused(bundle: Path, tmp_path: Path) -> None:
    data = bytearray(bundle.read_bytes())
    at = data.index(b"PK\1\2")
    struct.pack_into("<L", data, at + 24, 5)
    path = tmp_path / "b.zip"
    path.write_bytes(data)
    refused(path, "zip headers that disagree|zip bomb")


@pytest.mark.parametrize("where", ["front", "end", "comment"])
def test_hidden_bytes_are_refused(bundle: Path, tmp_path: Path, where: str) -> None:
    data, path = bundle.read_bytes(), tmp_path / "b.zip"
    if where == "comment":
        path.write_bytes(data)
        with zipfile.ZipFile(path, "a") as zipped:
            zipped.comment = b"read me"
    else:
        path.write_bytes(b"#!/bin/sh\n" + data if where == "front" else data + b"x")
    refused(path, "hides bytes|headers that disagree|malformed")


def test_another_way_of_packing_is_refused(tmp_path: Path) -> None:
    refused(packed(tmp_path / "b.zip", [(member("x", method=zipfile.ZIP_LZMA), b"x" * 100)]), "packed in another way")


@pytest.mark.parametrize("data", [b"", b"PK\5\6", b"x" * 100, b"PK\5\6" + bytes(18)])
def test_what_is_no_bundle_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(data)
    refused(path, "malformed|is missing")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "none.zip", "FileNotFoundError")


@pytest.mark.parametrize(
    "data", [b"[" * 4_000, b'{"payload":1', b'{"a":1,"a":2}', b"null", b"\xff", b'{"payload":1e999}'], ids=range(6)
)
def test_a_manifest_that_is_none_is_refused(files: Files, tmp_path: Path, data: bytes) -> None:
    files.contents["manifest.json"] = data
    refused(files.pack(tmp_path / "b.zip"), "malformed|a key occurs twice|not a JSON object")


def test_a_json_file_of_unreasonable_size_is_refused(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "MAX_JSON", 10)
    monkeypatch.setattr(verify.Bundle.read, "__defaults__", (10,))
    refused(files.pack(tmp_path / "b.zip"), "larger than 10 bytes")
