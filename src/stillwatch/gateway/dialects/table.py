"""Every API shape by its exact path."""

from __future__ import annotations

from stillwatch.gateway.dialects.chat import Chat
from stillwatch.gateway.dialects.completions import Completions
from stillwatch.gateway.dialects.count_tokens import CountTokens
from stillwatch.gateway.dialects.embeddings import Embeddings
from stillwatch.gateway.dialects.messages import Messages
from stillwatch.gateway.dialects.responses import RESPONSES
from stillwatch.gateway.dialects.shape import Dialect

DIALECTS: dict[str, Dialect] = {
    dialect.path: dialect for dialect in (Chat(), Completions(), RESPONSES, Embeddings(), Messages(), CountTokens())
}
"""Path to API shape. Paths are compared byte for byte: no other spelling of one is known."""
