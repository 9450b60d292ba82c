"""From scheduled rows to rows of the call log."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.records import CALL_LOG, TIMESTAMP
from stillwatch.simulate import networks
from stillwatch.simulate.clients import pick_client, pick_parameters
from stillwatch.simulate.crews import Crew
from stillwatch.simulate.draws import I64, U64, addresses, mix, unit, zipf
from stillwatch.simulate.networks import COUNTRIES
from stillwatch.simulate.party import Party, account_names
from stillwatch.simulate.rhythm import HOUR
from stillwatch.simulate.schedule import Rows
from stillwatch.simulate.usage import usage_columns

MODELS = pa.array(["atlas-large-2", "atlas-medium-2", "atlas-small-2", "atlas-large-1"], pa.large_string())
CHANNELS = pa.array(["first_party", "aws_bedrock", "google_vertex"], pa.large_string())
EXITS_PER_ACCOUNT = 0.04
"""Size of a campaign's own proxy pool: one exit for 25 accounts, at least 8."""

EXITS_FOR_RENT = 60
"""Exits of a named proxy pool that several customers rent at once."""

DRAWN_NAMES = 0x5EED


def call_columns(crew: Crew, rows: Rows) -> dict[str, pa.Array]:
    """Return the columns of these calls, by name, all but ``call_id``."""
    text = crew.wording.write(rows)
    person = crew.party.person[rows.who]
    parameters = pick_parameters(crew.party, rows.who)
    agent, ja4 = pick_client(crew.party, rows.who, rows.session)
    answer = crew.wording.items.out_chars[crew.wording.item_numbers(rows)]
    lengths = [np.asarray(pc.binary_length(part).fill_null(0)) for part in text.values()]
    size = np.asarray(np.sum(lengths, axis=0), np.int64)
    model = np.where(crew.block.campaign != "", 0, zipf(mix(crew.party.owner[rows.who], 801), 4, 0.7))
    return {
        "account": account_names(person),
        "started_at": pa.array(rows.at).cast(TIMESTAMP),
        "model": MODELS.take(pa.array(model)),
        **text,
        "operation": pa.repeat(pa.scalar("chat", pa.large_string()), len(person)),
        "channel": CHANNELS.take(pa.array(zipf(mix(person, 802), 3, 3.0))),
        **_network_columns(crew, rows, person),
        "user_agent": agent,
        "tls_fingerprint": ja4,
        **parameters,
        "tools": pa.array(np.full(len(person), crew.block.tools)),
        **usage_columns(crew.wording.party, rows, size, parameters["max_output_tokens"], answer, banned=crew.banned),
    }


def to_batch(columns: dict[str, pa.Array], rows: int) -> pa.Table:
    """Return a table of the call log; columns that are not there are null."""
    schema = pa.schema([f for f in CALL_LOG.schema if f.name != "call_id"])
    arrays = [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(rows, f.type) for f in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _network_columns(crew: Crew, rows: Rows, person: U64) -> dict[str, pa.Array]:
    provider, host = _place(crew, rows, person)
    six = (provider < networks.HOMES) & (unit(mix(host, 803)) < 0.12)
    return {
        "client_address": addresses(host, six),
        "client_asn": pa.array(networks.asn(provider)),
        "client_country": pa.array(COUNTRIES, pa.large_string()).take(pa.array(provider % len(COUNTRIES))),
    }


def _place(crew: Crew, rows: Rows, person: U64) -> tuple[I64, U64]:
    block, party = crew.block, crew.party
    owner = party.owner[rows.who]
    if party.hidden:
        place = networks.own(rows.who + party.offset, person, party.seed)
    elif block.network == "proxies":
        place = networks.proxies(*_exits(party), rows.session)
    elif block.network == "cloud":
        place = networks.cloud(owner, rows.session)
    elif block.network == "ephemeral":
        place = networks.ephemeral(owner, rows.session)
    elif block.network == "campus":
        place = networks.campus(networks.campus_number(party.seed), person, rows.session)
    elif block.network == "household":
        place = networks.household(owner)
    else:
        place = networks.home(person, rows.session, rows.at // (24 * HOUR))
    return place


def _exits(party: Party) -> tuple[int, int]:
    """Return which proxy pool a party rents, and how many exits it has."""
    if party.block.proxies:
        return crc32(party.block.proxies.encode()) + party.common_seed, EXITS_FOR_RENT
    return party.seed + party.renewal, max(8, round(len(party) * EXITS_PER_ACCOUNT))


def call_names(first: int, count: int, seed: int) -> U64:
    """Return hashes that name calls, all different."""
    return mix(np.arange(first, first + count), seed + DRAWN_NAMES)
