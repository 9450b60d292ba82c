"""Which techniques of MITRE ATLAS a campaign shows (data 5.6.0; ids and names checked there). None is invented here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stillwatch.sharing.nouns import Technique

ACCESS = Technique("AML.T0040", "AI Model Inference API Access")
EXTRACT = Technique("AML.T0024.002", "Extract AI Model")
ACCOUNTS = Technique("AML.T0021", "Establish Accounts")
PROMPTS = Technique("AML.T0065", "LLM Prompt Crafting")
ALWAYS = (ACCESS, EXTRACT, ACCOUNTS)
"""A campaign is calls to an API, shaped like the making of training data, by many accounts of one operator. That a
model was trained (AML.T0005.001) and that a reseller stood between (AML.T0008.005) is not shown by a scan."""

SOURCE_NAME = "mitre-atlas"
URL = "https://atlas.mitre.org/techniques/"


def find_techniques(campaign: Mapping[str, Any]) -> tuple[Technique, ...]:
    """Return the techniques that a campaign of ``campaigns.json`` shows."""
    crafted = any(s.get("kind") in {"template", "system"} for s in campaign.get("substreams", ()))
    return (*ALWAYS, PROMPTS) if crafted else ALWAYS
