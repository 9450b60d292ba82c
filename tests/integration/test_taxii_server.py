"""The TAXII server as a process, asked by others' clients and by ours; its death in the middle of a load."""

from __future__ import annotations

import json
import random
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from stix2 import Filter, TAXIICollectionSource
from taxii2client.common import TokenAuth
from taxii2client.v21 import Collection, Server, as_pages

from stillwatch.errors import SharingError
from stillwatch.sharing.received import ReceivedTable
from stillwatch.sharing.stix_objects import stix_id
from stillwatch.sharing.tables import open_sharing
from stillwatch.sharing.taxii.callers import Callers
from stillwatch.sharing.taxii.http import Credential, Http
from stillwatch.sharing.taxii.pull import find_collections, pull
from taxii_world import serving, stix_object

PATIENCE = 900.0
"""Seconds until a wait counts as a hang: a machine with many times its load is slow, not broken."""


@dataclass(frozen=True)
class Hub:
    folder: Path
    store: str
    url: str
    collection: str
    token: str

    @property
    def objects(self) -> str:
        return f"{self.url}/api/collections/{self.collection}/"


def prepare(folder: Path) -> tuple[str, str, str]:
    store = f"sqlite:///{folder}/hub.db"
    database = open_sharing(store)
    callers = Callers(database)
    collection = callers.add_collection("Indicators")
    token = callers.add_caller("partner", read=["Indicators"], write=["Indicators"])
    database.close()
    return store, collection, token


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    store, collection, token = prepare(folder)
    with serving(store, folder=folder) as served:
        yield Hub(folder, store, served.url, collection, token)


def status_when(http: Http, hub: Hub, name: str, done: Callable[[Any], bool]) -> Any:
    until = time.monotonic() + PATIENCE
    while True:
        found = http.get(f"{hub.url}/api/status/{name}/").json
        if done(found) or time.monotonic() > until:
            return found
        time.sleep(0.05)


def post(http: Http, hub: Hub, objects: list[Any]) -> Any:
    got = http.post(f"{hub.objects}objects/", json.dumps({"objects": objects}).encode())
    assert got.status == 202, got
    return got.json


def test_taxii2_client_discovers_adds_pages_and_deletes(hub: Hub) -> None:
    server = Server(f"{hub.url}/taxii2/", auth=TokenAuth(hub.token))
    (root,) = server.api_roots
    (collection,) = root.collections
    assert (collection.title, collection.can_read, collection.can_write) == ("Indicators", True, True)
    mine = [stix_object(n, kind="malware") for n in range(25)]
    status = collection.add_objects({"objects": mine}, timeout=PATIENCE)
    assert (status.status, status.success_count, status.failure_count) == ("complete", 25, 0)
    pages = list(as_pages(collection.get_objects, per_request=10, type="malware"))
    assert [len(p["objects"]) for p in pages] == [10, 10, 5]
    assert [o["id"] for p in pages for o in p["objects"]] == [o["id"] for o in mine]
    manifest = list(as_pages(collection.get_manifest, per_request=20, type="malware"))
    assert sum(len(p["objects"]) for p in manifest) == 25
    one = mine[3]["id"]
    assert collection.get_object(one)["objects"] == [mine[3]]
    assert collection.object_versions(one)["versions"] == [mine[3]["modified"]]
    collection.delete_object(one)
    assert one not in {o["id"] for p in as_pages(collection.get_objects, 10, type="malware") for o in p["objects"]}
    server.close()


def test_the_reference_librarys_source_finds_objects_by_id_and_filter(hub: Hub) -> None:
    at = Collection(hub.objects, auth=TokenAuth(hub.token))
    at.add_objects(
        {"objects": [stix_object(n, kind="tool") | {"name": f"tool {n}"} for n in range(3)]}, timeout=PATIENCE
    )
    plain = [stix_object(n) for n in range(100, 103)]
    at.add_objects({"objects": [o | {"indicator_types": ["anomalous-activity"]} for o in plain]}, timeout=PATIENCE)
    source = TAXIICollectionSource(at, allow_custom=True)
    assert source.get(plain[1]["id"]).id == plain[1]["id"]
    found = source.query([Filter("type", "=", "indicator"), Filter("id", "=", plain[2]["id"])])
    assert [o.id for o in found] == [plain[2]["id"]]
    at.close()


def test_our_client_fetches_the_same_and_then_nothing_new(hub: Hub, tmp_path: Path) -> None:
    http = Http(Credential(hub.token))
    post(http, hub, [stix_object(n, kind="campaign") for n in range(40)])
    database = open_sharing(f"sqlite:///{tmp_path}/mine.db")
    table = ReceivedTable(database)
    (address,) = find_collections(http, f"{hub.url}/taxii2/", "Indicators")
    done = pull(http, address, table, clock=time.time)
    assert done.warnings == []
    assert len(table.objects(kind="campaign")) == 40
    assert pull(http, address, table, clock=time.time).new == 0
    database.close()
    with pytest.raises(SharingError, match="answered 401"):
        find_collections(Http(Credential("wrong")), f"{hub.url}/taxii2/")


def test_killed_in_the_middle_of_a_load_nothing_acknowledged_is_lost_and_nothing_is_twice(tmp_path: Path) -> None:
    store, collection, token = prepare(tmp_path)
    objects: list[Any] = [stix_object(n) for n in range(10_000)]
    draw = random.Random(1)
    bad = set(draw.sample(range(10_000), 100))
    for n in bad:
        objects[n]["modified"] = "never"
    http = Http(Credential(token))
    with serving(store, folder=tmp_path) as served:
        hub = Hub(tmp_path, store, served.url, collection, token)
        name = post(http, hub, objects)["id"]
        half = status_when(http, hub, name, lambda s: 0 < s["pending_count"] < 9_000)
        assert half["status"] == "pending"
        served.process.kill()
        served.process.wait()
    with serving(store, folder=tmp_path) as served:
        hub = Hub(tmp_path, store, served.url, collection, token)
        status = status_when(http, hub, name, lambda s: s["status"] == "complete")
        counts = [status[c] for c in ("total_count", "success_count", "failure_count", "pending_count")]
        assert counts == [10_000, 9_900, 100, 0]
        assert {f["id"] for f in status["failures"]} == {objects[n]["id"] for n in bad}
        database = open_sharing(f"sqlite:///{tmp_path}/mine.db")
        table = ReceivedTable(database)
        done = pull(http, hub.objects, table, clock=time.time)
        database.close()
    assert (done.new, done.pages, done.warnings) == (9_900, 10, [])


def issue(
    name: str, issuer: tuple[x509.Certificate, Any] | None, folder: Path, *, address: bool = False
) -> tuple[Any, Any]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer:
        theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
        made = made.add_extension(theirs, critical=False)
    if address:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        made = made.add_extension(names, critical=False)
    certificate = made.sign(issuer[1] if issuer else key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, key


def test_over_tls_a_client_certificate_is_a_credential_and_another_is_none(tmp_path: Path) -> None:
    authority = issue("authority", None, tmp_path)
    issue("server", authority, tmp_path, address=True)
    issue("partner", authority, tmp_path)
    issue("stranger", authority, tmp_path)
    store, collection, token = prepare(tmp_path)
    database = open_sharing(store)
    der = ssl.PEM_cert_to_DER_cert((tmp_path / "partner.pem").read_text())
    Callers(database).add_caller("partner by certificate", read=["Indicators"], write=[], certificate=der)
    database.close()
    files = ("--tls-certificate", "server.pem", "--tls-key", "server.key", "--client-ca", "authority.pem")

    def ask(name: str, *, token: str = "") -> int:
        shown = (tmp_path / f"{name}.pem", tmp_path / f"{name}.key") if name else (None, None)
        http = Http(Credential(token, *shown, ca=tmp_path / "authority.pem"))
        return http.get(f"{served.url}/api/collections/{collection}/objects/").status

    with serving(store, *files, folder=tmp_path) as served:
        assert served.url.startswith("https://")
        assert ask("partner") == 200
        assert ask("stranger") == 401
        assert ask("") == 401
        assert ask("", token=token) == 200
        with pytest.raises(SharingError, match="certificate"):
            Http(Credential(token)).get(f"{served.url}/taxii2/")


def test_the_commands_let_a_partner_in_and_fetch(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from stillwatch.cli.main import _run  # noqa: PLC0415 - only here
    from stillwatch.plugins import load_modules  # noqa: PLC0415

    load_modules("stillwatch.cli.commands")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["stillwatch", "share", *arguments])
        code = _run()
        said = capsys.readouterr()
        return code, said.out + said.err

    assert run("collection", "Quiet", "--store", hub.store)[0] == 0
    code, token = run("caller", "Host B", "--read", "Quiet", "--as", "Host B", "--store", hub.store)
    assert (code, token[:8]) == (0, "swshare-")
    assert "may read: Quiet" in run("callers", "--store", hub.store)[1]
    monkeypatch.setenv("STILLWATCH_SHARE_TOKEN", token.strip())
    code, said = run("pull", f"{hub.url}/taxii2/")
    assert code == 0
    assert "0 new or newer objects" in said
    assert run("pull", f"{hub.url}/taxii2/", "--user", "Host B")[0] == 0
    assert "--user: a name without a colon" in run("pull", f"{hub.url}/taxii2/", "--user", "Host:B")[1]
    assert run("received")[1] == "Nothing was received.\n"
    assert run("caller", "Host B", "--remove", "--store", hub.store)[0] == 0
    assert "answered 401" in run("pull", f"{hub.url}/taxii2/")[1]
    for options, name in (((), "Host B"), (("--as", "Host C"), "Host C"), (("--any-name",), "")):
        assert run("caller", "Host B", "--write", "Quiet", *options, "--store", hub.store)[0] == 0
        assert Callers(open_sharing(hub.store)).identity("Host B") == (name and stix_id("identity", name.casefold()))
    assert "contradict" in run("caller", "Host B", "--as", "Host B", "--any-name", "--store", hub.store)[1]
    assert "tokens need TLS" in run("serve", "--listen", "0.0.0.0:0")[1]
