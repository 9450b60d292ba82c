from __future__ import annotations

import pytest
import torch
from transformers import GPT2Config, WatermarkDetector, WatermarkingConfig
from transformers.generation.logits_process import WatermarkLogitsProcessor

from stillwatch_lab.watermarks.kgw import GreenList
from stillwatch_lab.watermarks.synthid import Tournament

VOCABULARY = 61
KEYS = [15485863, 7, 2**47 + 12345]
IDS = torch.randint(1, VOCABULARY, (6, 30), generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("ratio", [0.25, 0.5])
def test_the_green_list_is_transformers_bit_for_bit(key: int, ratio: float) -> None:
    reference = WatermarkLogitsProcessor(VOCABULARY, "cpu", greenlist_ratio=ratio, bias=2.0, hashing_key=key)
    scores = torch.randn(6, VOCABULARY, generator=torch.Generator().manual_seed(0))
    ours = GreenList(VOCABULARY, ratio=ratio).processor(key)(IDS, scores)
    assert torch.equal(ours, reference(IDS, scores))


@pytest.mark.parametrize("key", KEYS)
def test_detection_is_that_of_transformers_detector(key: int) -> None:
    config = WatermarkingConfig(greenlist_ratio=0.25, bias=2.0, hashing_key=key)
    reference = WatermarkDetector(GPT2Config(vocab_size=VOCABULARY), "cpu", config)(IDS, return_dict=True)
    scheme = GreenList(VOCABULARY)
    for row in range(len(IDS)):
        z, p_value = scheme.detect(key, IDS[row])
        assert z == pytest.approx(float(reference.z_score[row]))
        assert p_value == pytest.approx(float(reference.p_value[row]), abs=1e-6)


def test_marked_text_is_detected_and_another_key_does_not_see_it() -> None:
    scheme = GreenList(VOCABULARY)
    process = scheme.processor(KEYS[0])
    draw = torch.Generator().manual_seed(0)
    ids = torch.tensor([[5]])
    for _ in range(200):
        shares = torch.softmax(process(ids, torch.zeros(1, VOCABULARY)), -1)
        ids = torch.cat([ids, torch.multinomial(shares, 1, generator=draw)], dim=1)
    assert scheme.detect(KEYS[0], ids[0])[1] < 1e-6
    assert scheme.detect(KEYS[1], ids[0])[1] > 1e-3


def test_tournament_marks_are_transformers_g_values() -> None:
    scheme = Tournament(VOCABULARY)
    reference = scheme.processor(KEYS[0])
    values = reference.compute_g_values(IDS).float().mean(-1)  # type: ignore[attr-defined]
    contexts = IDS.unfold(1, 2, 1)[:, :-1]
    for row in range(len(IDS)):
        marks = scheme.marks(KEYS[0], contexts[row])
        assert torch.equal(marks[torch.arange(28), IDS[row, 2:]], values[row])


def test_the_tournament_changes_no_distribution_on_average_over_keys() -> None:
    scheme = Tournament(VOCABULARY)
    scores = torch.randn(1, VOCABULARY, generator=torch.Generator().manual_seed(1))
    ids = IDS[:1, :4]
    mean = torch.stack([torch.softmax(scheme.processor(key)(ids, scores), -1) for key in range(1, 600)]).mean(0)
    torch.testing.assert_close(mean, torch.softmax(scores, -1), atol=0.03, rtol=0)
