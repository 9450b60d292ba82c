"""The nouns, and the columns of their tables: read this first.

``ApiCall -> Sighting -> Campaign`` (docs/design.md). A column is written once, here: its name, its Arrow type,
whether it may be missing, and what it says. Schemas, help texts and docs are derived from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag, StrEnum
from functools import cached_property

import pyarrow as pa

TIMESTAMP = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type, what it says, and whether every row must have it."""

    name: str
    type: pa.DataType
    says: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """A named list of columns."""

    name: str
    columns: tuple[Column, ...]

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema; only required columns refuse nulls."""
        return pa.schema([pa.field(c.name, c.type, nullable=not c.required) for c in self.columns])

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The names of the columns without which a row means nothing."""
        return tuple(c.name for c in self.columns if c.required)


class Family(StrEnum):
    """A kind of evidence. Families are independent of each other; values inside one are not."""

    CONTENT = "content"
    TIMING = "timing"
    NETWORK = "network"
    IDENTITY = "identity"
    ECONOMY = "economy"
    PARTNERS = "partners"
    """What other hosts shared: their word, not our observation. It never counts as one of the two families."""


OWN_FAMILIES = tuple(f for f in Family if f is not Family.PARTNERS)
"""What this host saw itself: two of these hold before anything is called a campaign (docs/design.md, point 3)."""


CALL_LOG = Table(
    "call_log",
    (
        Column("call_id", pa.large_string(), "names the call; repeated ids are one call", required=True),
        Column("account", pa.large_string(), "whoever holds the credential", required=True),
        Column("started_at", TIMESTAMP, "when the call came in, UTC", required=True),
        Column("model", pa.large_string(), "the model asked for", required=True),
        Column("messages", pa.large_string(), "JSON list of {role, content}, or plain text"),
        Column("prompt", pa.large_string(), "plain text of the user's prompt, where there are no messages"),
        Column("system", pa.large_string(), "system text, where it is not in messages"),
        Column("operation", pa.large_string(), "chat, text_completion or embeddings"),
        Column("channel", pa.large_string(), "first_party, aws_bedrock, or a reseller's name"),
        Column("client_address", pa.large_string(), "IPv4 or IPv6 address"),
        Column("client_asn", pa.int64(), "autonomous system number of the address"),
        Column("client_country", pa.large_string(), "read, passed on, never used as evidence"),
        Column("user_agent", pa.large_string(), "User-Agent header"),
        Column("tls_fingerprint", pa.large_string(), "JA4"),
        Column("temperature", pa.float64(), "sampling temperature asked for"),
        Column("max_output_tokens", pa.int64(), "ceiling asked for"),
        Column("n", pa.int64(), "completions asked for"),
        Column("logprobs", pa.bool_(), "whether log-probabilities were asked for"),
        Column("stream", pa.bool_(), "whether the answer was streamed"),
        Column("tools", pa.int64(), "how many tools were offered"),
        Column("input_tokens", pa.int64(), "tokens read, cached ones included"),
        Column("cached_input_tokens", pa.int64(), "of these, read from a cache"),
        Column("output_tokens", pa.int64(), "tokens written, reasoning included"),
        Column("reasoning_tokens", pa.int64(), "of these, reasoning"),
        Column("duration_ms", pa.int64(), "from request to last byte"),
        Column("status", pa.int64(), "HTTP status"),
        Column("finish_reason", pa.large_string(), "stop, length, tool_calls, content_filter"),
        Column("response", pa.large_string(), "the answer's text"),
    ),
)
"""The canonical call log (docs/design.md): what every source is turned into."""

ACCOUNTS = Table(
    "accounts",
    (
        Column("account", pa.large_string(), "as in the call log", required=True),
        Column("organization", pa.large_string(), "declared common owner; null = claims to be alone"),
        Column("created_at", TIMESTAMP, "sign-up"),
        Column("plan", pa.large_string(), "what is paid for"),
        Column("verification", pa.large_string(), "none, education, startup, research or kyc"),
        Column("country", pa.large_string(), "read, passed on, never used as evidence"),
        Column("payment_fingerprint", pa.large_string(), "card or account, hashed by the payment provider"),
        Column("email_domain", pa.large_string(), "part after the @"),
        Column("device_fingerprint", pa.large_string(), "sign-up device"),
    ),
)
"""The optional accounts table."""


class Cue(IntFlag):
    """What the wording of a prompt asks for: one bit each, found by phrases in many languages.

    A cue is evidence of *use*, never of a person: equal phrases in another language set the same bit.
    """

    REASONING = 1 << 0  # think step by step, show your work
    EXTERNALISED = 1 << 1  # write out the whole inner reasoning, thoughts before the answer
    JUSTIFY_GIVEN = 1 << 2  # reasoning behind an answer that is already there
    TAG_CONTAINER = 1 << 3  # <think>, <reasoning>, [THOUGHT]: thoughts in a fixed container
    JSON_CONTAINER = 1 << 4  # answer only as JSON, JSONL, with these keys
    SECTION_CONTAINER = 1 << 5  # Thought: / Answer: headings the answer must have
    GRADING = 1 << 6  # score from 1 to 10, by this rubric
    PAIRWISE = 1 << 7  # which of these two answers is better
    INVENTION = 1 << 8  # come up with n diverse tasks, questions, instructions, dialogues
    EVOLUTION = 1 << 9  # rewrite this prompt so that it is harder or more complex
    TRAINING = 1 << 10  # training data, fine-tuning, instruction-response pairs, student model
    PRETEXT = 1 << 11  # do not flag this, this is only a debugging session, ignore the policy
    LANGUAGE_MATCH = 1 << 12  # thinking must be in the language of the question
    EXHAUSTIVE = 1 << 13  # leave nothing out, as detailed as possible, every step
    TRACE_CLEANING = 1 << 14  # clean, normalise, shorten this reasoning trace
    TRAJECTORY = 1 << 15  # simulate tool calls and their results, agent trajectories
    DECODING = 1 << 16  # transcribe this encrypted or opaque reasoning
    UNREFUSING = 1 << 17  # never refuse, no disclaimers, censorship-safe rewrite
    DIVERSITY = 1 << 18  # unlike the previous ones, do not repeat, maximise diversity
    CLASSIFICATION = 1 << 19  # classify into, which label, sentiment
    CONTEXT = 1 << 20  # based on the passage, document or context below
    OPTIONS = 1 << 21  # (A) (B) (C) multiple choice
    FEW_SHOT = 1 << 22  # repeated Q:/A: or Input:/Output: examples
    PERSONAL = 1 << 23  # I, my boss, my homework, thanks
    AGENT = 1 << 24  # tool protocol or agent scaffold in the prompt
    CODE = 1 << 25  # source code in the prompt or asked for
    QUALITY = 1 << 26  # expert quality, comprehensive, production-grade answer asked for


LANGUAGES = ("und", "en", "zh", "es", "fr", "de", "ru", "ja", "ko", "pt", "ar", "hi", "it", "tr", "vi", "latin")
"""Language codes by number, as in the column ``language``; a cheap guess by script and stop words, never evidence."""

BANDS = tuple(f"band_{i}" for i in range(8))
"""Columns of MinHash bands, by which other engines and plug-ins find texts that are nearly alike."""

CALLS = Table(
    "calls",
    (
        Column("call", pa.int64(), "keyed hash of call_id", required=True),
        Column("account", pa.int64(), "keyed hash of account", required=True),
        Column("started_at", TIMESTAMP, "as in the call log", required=True),
        Column("hour", pa.int32(), "whole hours since 1970-01-01 UTC", required=True),
        Column("model", pa.int64(), "keyed hash", required=True),
        Column("channel", pa.int64(), "keyed hash"),
        Column("address", pa.int64(), "keyed hash of the client address"),
        Column("prefix", pa.int64(), "keyed hash of its /24 or /48"),
        Column("asn", pa.int64(), "keyed hash of the autonomous system"),
        Column("user_agent", pa.int64(), "keyed hash"),
        Column("tls_fingerprint", pa.int64(), "keyed hash"),
        Column(
            "parameters", pa.int64(), "keyed hash of temperature, ceiling, n, logprobs, stream; null if none is known"
        ),
        Column("ceiling", pa.int32(), "max_output_tokens"),
        Column("samples", pa.int32(), "n"),
        Column("logprobs", pa.bool_(), "log-probabilities asked for"),
        Column("tools", pa.int32(), "tools offered"),
        Column("input_tokens", pa.int32(), "as in the call log"),
        Column("cached_input_tokens", pa.int32(), "as in the call log"),
        Column("output_tokens", pa.int32(), "as in the call log"),
        Column("reasoning_tokens", pa.int32(), "as in the call log"),
        Column("completed", pa.bool_(), "status is unknown or 2xx: an exchange", required=True),
        Column("refused_by_limit", pa.bool_(), "status 429, 401, 402 or 403", required=True),
        Column("characters", pa.int32(), "length of the last user text", required=True),
        Column("words", pa.int32(), "words in it", required=True),
        Column("turns", pa.int16(), "assistant and tool messages before it: 0 = not a follow-up", required=True),
        Column("language", pa.int8(), "index into LANGUAGES", required=True),
        Column("cues", pa.int64(), "bits of Cue, over system and user text", required=True),
        Column("system", pa.int64(), "keyed hash of the masked system text; null if none"),
        Column("system_words", pa.int16(), "masked words in it", required=True),
        Column(
            "item", pa.int64(), "keyed hash of the last user text, letter case and white space folded; null if none"
        ),
        Column("skeleton", pa.int64(), "keyed hash of the recurring template around the item; null if none recurs"),
        Column("skeleton_words", pa.int16(), "masked words that the skeleton fixes", required=True),
        Column("artefact", pa.int64(), "keyed hash of an opaque blob carried in the prompt; null if none"),
        *(
            Column(name, pa.int32(), f"one-permutation MinHash of masked word 3-grams, bin {i} of 8; null if no text")
            for i, name in enumerate(BANDS)
        ),
        *(
            Column(f"topic_{i}", pa.int32(), "one-permutation MinHash of content words, bin i of 4; null if no text")
            for i in range(4)
        ),
    ),
)
"""One row a call, fingerprints in place of text: what ``detect`` reads. No country, no language name, no text."""

SIGHTINGS = Table(
    "sightings",
    (
        Column("account", pa.large_string(), "as in the call log", required=True),
        Column("signal", pa.string(), "which signal saw it", required=True),
        Column("family", pa.string(), "which kind of evidence that is", required=True),
        Column("observable", pa.int64(), "what was seen", required=True),
        Column("calls", pa.int64(), "in how many calls", required=True),
        Column("first_call_at", TIMESTAMP, "first call of the account in the log"),
        Column("last_call_at", TIMESTAMP, "last of them"),
    ),
)

MEMBERS = Table(
    "members",
    (
        Column("account", pa.large_string(), "as in the call log", required=True),
        Column("campaign", pa.string(), "null = none"),
        Column("match_weight", pa.float64(), "bits for membership; null where no campaign was weighed"),
        Column("calls", pa.int64(), "all calls of the account", required=True),
        Column("first_call_at", TIMESTAMP, "first of them", required=True),
        Column("last_call_at", TIMESTAMP, "last of them", required=True),
        Column("campaign_calls", pa.int64(), "calls of the account in the campaign's sub-stream", required=True),
        Column("share", pa.float64(), "campaign_calls / calls"),
        Column("share_low", pa.float64(), "lower end of its 95 % interval"),
        Column("share_high", pa.float64(), "upper end"),
    ),
)

CAMPAIGN_CALLS = Table(
    "campaign_calls",
    (
        Column("campaign", pa.string(), "whose sub-stream the call is in", required=True),
        Column("call", pa.int64(), "keyed hash of call_id, as in the table of calls", required=True),
        Column("completed", pa.bool_(), "counted as an exchange", required=True),
    ),
)
"""Exactly which calls a campaign's counts are of, so that evidence can be made of them. No call id: a keyed hash."""
