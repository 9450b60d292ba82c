"""CSV: one row an indicator, for people and spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stillwatch.sharing.exporter import Form, exporter
from stillwatch.sharing.nouns import FAMILY, Parcel
from stillwatch.sharing.stix_objects import indicator_id, stamp

MEANINGS = {
    "id": "name of the indicator, made from what it describes",
    "campaign": "number of the campaign",
    "objective": "what the campaign harvested",
    "techniques": "techniques of MITRE ATLAS",
    "kind": "what to look at",
    "value": "WHAT TO LOOK FOR: network, program, domain, fingerprint, wording, or keyed hash",
    "keyed_with": "name of the group key of a keyed hash",
    "family": "kind of evidence",
    "accounts": "about how many accounts had it, to two digits",
    "confidence": "how sure the sender is, 0 to 100",
    "valid_from": "day from which it was seen",
    "valid_until": "day after which nobody should look for it",
    "tlp": "how far the recipient may pass it on (TLP 2.0)",
    "sender": "who says it",
}


@exporter("csv", form=Form.CSV, meanings=MEANINGS)
def csv_table(parcel: Parcel) -> Iterator[dict[str, Any]]:
    """CSV table with one row an indicator; cells that a spreadsheet would run as a formula are made text."""
    for campaign in parcel.campaigns:
        for one in campaign.indicators:
            yield {
                "id": indicator_id(one),
                "campaign": campaign.name,
                "objective": campaign.objective,
                "techniques": " ".join(t.id for t in campaign.techniques),
                "kind": str(one.kind),
                "value": one.value,
                "keyed_with": one.key_id,
                "family": str(FAMILY[one.kind]),
                "accounts": one.holders,
                "confidence": one.confidence,
                "valid_from": stamp(one.valid_from),
                "valid_until": stamp(one.valid_until),
                "tlp": f"TLP:{parcel.tlp.upper()}",
                "sender": parcel.sender.name,
            }
