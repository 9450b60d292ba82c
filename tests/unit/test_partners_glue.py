"""Others' indicators under our own keys."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from sharing_world import GROUP, NOW, parcel
from stillwatch.detect.partners import Watched
from stillwatch.ingest.fingerprint import Fingerprinter
from stillwatch.partners import Partners, read_cues, read_partners
from stillwatch.records import Cue
from stillwatch.sharing.received import ReceivedTable
from stillwatch.sharing.stix_list import stix_list
from stillwatch.sharing.tables import open_sharing

PRINTS = Fingerprinter(bytes(32))
KNOWN = pa.table(
    {
        "email_domain": ["MAIL-616b2b.example", "other.example", None],
        "payment_fingerprint": ["pm_secret_card", "pm_other", None],
        "device_fingerprint": ["dev_other", None, None],
    }
)


@pytest.fixture
def partners(tmp_path: Path) -> Partners:
    url = f"sqlite:///{tmp_path}/sharing.db"
    database = open_sharing(url)
    ReceivedTable(database).take("https://hub.example/", stix_list(parcel()), cursor="", now=0.0)
    database.close()
    (tmp_path / "group").write_bytes(GROUP.secret)
    (tmp_path / "group").chmod(0o600)
    return read_partners(url, tmp_path / "group", now=NOW.timestamp())


def test_values_of_calls_get_our_keys(partners: Partners) -> None:
    watched = partners.watched(PRINTS, None)
    assert Watched("prefix", PRINTS.keyed("prefix", "198.51.100.0/24"), 0.85) in watched
    assert Watched("asn", PRINTS.keyed("asn", "64501"), 0.85) in watched
    assert Watched("cues", int(Cue.EXTERNALISED | Cue.REASONING), 0.85) in watched
    assert partners.columns == {"prefix", "asn", "user_agent", "tls_fingerprint"}
    assert PRINTS.names == {}


def test_a_scan_keys_the_columns_as_we_do() -> None:
    made = Fingerprinter(bytes(32))
    assert made.keyed_array("asn", pa.array([64501])).to_pylist() == [PRINTS.keyed("asn", "64501")]


def test_values_of_accounts_are_compared_as_they_were_shared(partners: Partners) -> None:
    mine = {(w.column, w.key) for w in partners.watched(PRINTS, KNOWN)} - {
        (w.column, w.key) for w in partners.watched(PRINTS, None)
    }
    assert mine == {
        ("email_domain", PRINTS.keyed("email_domain", "MAIL-616b2b.example")),
        ("payment_fingerprint", PRINTS.keyed("payment_fingerprint", "pm_secret_card")),
    }


def test_without_the_groups_key_hashed_values_say_nothing(partners: Partners) -> None:
    blind = Partners(partners.indicators, None)
    assert "payment_fingerprint" not in {w.column for w in blind.watched(PRINTS, KNOWN)}


def test_what_does_not_hold_is_not_looked_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/sharing.db"
    database = open_sharing(url)
    gone = [o | {"revoked": True} for o in stix_list(parcel()) if o["type"] == "indicator"]
    ReceivedTable(database).take("https://hub.example/", gone, cursor="", now=0.0)
    database.close()
    assert read_partners(url, None, now=NOW.timestamp()).indicators == ()


def test_a_cue_that_is_unknown_here_makes_the_wording_unknown() -> None:
    assert read_cues("reasoning,externalised") == int(Cue.REASONING | Cue.EXTERNALISED)
    assert read_cues("reasoning,of_the_future") == 0
    assert read_cues("") == 0
