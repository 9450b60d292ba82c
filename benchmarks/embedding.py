"""A cheap stand-in for a sentence embedding: hashed TF-IDF of words and word pairs in 128 dimensions.

The published detectors use bge-small or MiniLM, which embed 9 to 75 texts a second on two cores: too slow for
every call of an incident. Fitted on innocent history only, and said plainly beside every result.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Normalizer

DIMENSIONS = 128
_BUCKETS = 1 << 16  # fitted eight times as fast as with 1 << 18; on the ladder the peers accuse the same but for 5 %
_LONGEST = 2000  # characters read: about 500 tokens, as much as bge-small and MiniLM read


class Embedder:
    """Texts to rows of unit length."""

    def __init__(self, benign: Sequence[str], *, seed: int = 1) -> None:
        hashing = HashingVectorizer(n_features=_BUCKETS, ngram_range=(1, 2), alternate_sign=False, norm=None)
        weights = TfidfTransformer(sublinear_tf=True)
        reduction = TruncatedSVD(DIMENSIONS, random_state=seed)
        self._pipeline: Pipeline = make_pipeline(hashing, weights, reduction, Normalizer(copy=False))
        self._pipeline.fit([text[:_LONGEST] for text in benign])

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """One float32 row of length 1 for each text; equal texts are embedded once."""
        distinct, position = np.unique(np.array([t[:_LONGEST] for t in texts], dtype=object), return_inverse=True)
        rows: np.ndarray = self._pipeline.transform(distinct.tolist()).astype(np.float32)
        return rows[position]
