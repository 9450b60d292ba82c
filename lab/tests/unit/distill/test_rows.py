"""Samples as tensors."""

from __future__ import annotations

from dataclasses import replace

import torch

from stillwatch_lab.distill.rows import Row, make_batch, make_row, render
from stillwatch_lab.distill.samples import Sample
from stillwatch_lab.models.tokenizers import byte_tokenizer

TOKENIZER = byte_tokenizer()
END = TOKENIZER.eos_token_id
SAMPLE = Sample(
    number=0,
    draw=0,
    messages=({"role": "user", "content": "ab"},),
    answer="c",
    reasoning=None,
    ended=True,
    prompt_tokens=2,
    completion_tokens=2,
    tokens=(200,),
)


def ids(text: str) -> tuple[int, ...]:
    return tuple(TOKENIZER(text).input_ids)


def test_the_teachers_own_tokens_are_used_where_both_number_alike() -> None:
    row = make_row(SAMPLE, TOKENIZER, reasoning=True, same_tokens=True)
    assert row == Row((*ids("ab"), 200, END), 2)


def test_text_is_tokenised_anew_for_another_tokenizer() -> None:
    assert make_row(SAMPLE, TOKENIZER, reasoning=True, same_tokens=False) == Row((*ids("abc"), END), 2)


def test_an_answer_that_was_cut_does_not_end() -> None:
    cut = replace(SAMPLE, ended=False)
    assert make_row(cut, TOKENIZER, reasoning=True, same_tokens=False).tokens == ids("abc")


def test_without_reasoning_only_the_answer_is_learnt() -> None:
    thoughtful = replace(SAMPLE, reasoning="why")
    assert make_row(thoughtful, TOKENIZER, reasoning=False, same_tokens=True).tokens == (*ids("abc"), END)


def test_reasoning_without_probabilities_is_learnt_as_text_before_the_answers_distributions() -> None:
    recorded = replace(SAMPLE, reasoning="w", top=(((200, -0.5), (7, -1.0)),))
    row = make_row(recorded, TOKENIZER, reasoning=True, same_tokens=True)
    thought = ids("<think>\nw\n</think>\n\n")
    assert row.tokens == (*ids("ab"), *thought, 200, END)
    assert row.top == (*(((token, 0.0),) for token in thought), ((200, -0.5), (7, -1.0)), ((END, 0.0),))


def test_the_loss_is_about_the_completion_and_nothing_else() -> None:
    batch = make_batch([Row((1, 2, 3, 4), 2), Row((5, 6), 1)], pad=0, max_length=9, device="cpu")
    assert batch.tokens.tolist() == [[1, 2, 3, 4], [5, 6, 0, 0]]
    assert batch.attention.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    # Places predict the *next* token: the first of the completion is predicted from the prompt's last.
    assert batch.completion.tolist() == [[False, True, True], [True, False, False]]
    assert batch.completion_tokens == 3


def test_recorded_distributions_stand_where_their_token_is_predicted() -> None:
    long = Row((1, 2, 3, 4), 2, top=(((3, -0.1), (9, -3.0)), ((4, 0.0),)))
    short = Row((5, 6), 1, top=(((6, -0.2),),))
    top = make_batch([long, short], pad=0, max_length=9, device="cpu").top
    assert top is not None
    assert top.tokens[0, 1].tolist() == [3, 9]
    assert top.log_probs[0, 2].tolist() == [0.0, -torch.inf]
    assert top.log_probs[1, 0].tolist() == torch.tensor([-0.2, -torch.inf]).tolist()
    assert torch.isneginf(top.log_probs[0, 0]).all(), "nothing is known about the prompt"


def test_a_long_row_is_cut_with_its_distributions() -> None:
    row = Row((1, 2, 3, 4), 1, top=(((2, 0.0),), ((3, 0.0),), ((4, 0.0),)))
    batch = make_batch([row], pad=0, max_length=3, device="cpu")
    assert batch.tokens.tolist() == [[1, 2, 3]]
    assert batch.top is not None
    assert batch.top.tokens.flatten().tolist() == [2, 3]


def test_rows_without_distributions_make_a_batch_without() -> None:
    known, unknown = Row((1, 2), 1, top=(((2, 0.0),),)), Row((1, 2), 1)
    assert make_batch([known, unknown], pad=0, max_length=9, device="cpu").top is None


def test_a_chat_template_is_followed() -> None:
    chatty = byte_tokenizer()
    chatty.chat_template = (
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}>{% endif %}"
    )
    assert render(({"role": "user", "content": "ab"},), chatty) == ids("[user]ab>")
    assert render(({"role": "user", "content": "ab"},), TOKENIZER) == ids("ab")
