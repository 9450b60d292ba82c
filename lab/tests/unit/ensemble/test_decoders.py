from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from stillwatch_lab.ensemble.decoders import Decoders, Shape, join
from stillwatch_lab.ensemble.export import from_hugging_face, to_hugging_face, word_tokenizer, write_folder
from stillwatch_lab.ensemble.files import read_ensemble, write_ensemble
from stillwatch_lab.ensemble.sampling import Sampling, next_words, sample
from stillwatch_lab.ensemble.training import Corpora, Recipe, train
from stillwatch_lab.errors import ModelError
from stillwatch_lab.models.folders import read_model
from stillwatch_lab.world.world import World

SHAPE = Shape(vocabulary=11, positions=9, width=8, layers=2, heads=2)
IDS = torch.randint(1, 11, (3, 5, 9), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def three() -> Decoders:
    return Decoders(SHAPE, members=3, seed=1)


def test_a_member_is_not_moved_by_its_neighbours(three: Decoders) -> None:
    together = three(IDS)
    for member in range(3):
        alone = three.pick([member])(IDS[member : member + 1])
        torch.testing.assert_close(alone[0], together[member])


def test_transformers_gpt2_gives_the_same_scores(three: Decoders) -> None:
    for member in range(3):
        theirs = to_hugging_face(three, member)
        torch.testing.assert_close(theirs(IDS[member]).logits, three(IDS)[member], atol=1e-5, rtol=0)
        assert theirs.num_parameters() == SHAPE.weights
        torch.testing.assert_close(from_hugging_face(theirs)(IDS[member][None])[0], three(IDS)[member])


def test_word_by_word_with_a_cache_scores_as_all_at_once(three: Decoders) -> None:
    cache: list[tuple[Tensor, Tensor]] = []
    slowly = torch.cat([three(IDS[:, :, at : at + 1], cache) for at in range(9)], dim=2)
    torch.testing.assert_close(slowly, three(IDS))


def test_members_of_several_ensembles_become_one(three: Decoders) -> None:
    whole = join([three.pick([2]), three.pick([0, 1])])
    torch.testing.assert_close(whole(IDS[[2, 0, 1]]), three(IDS)[[2, 0, 1]])


def test_a_file_keeps_half_precision_and_the_shape(three: Decoders, tmp_path: Path) -> None:
    write_ensemble(three, tmp_path / "them.safetensors")
    again = read_ensemble(tmp_path / "them.safetensors")
    assert (again.shape, again.members) == (SHAPE, 3)
    torch.testing.assert_close(again(IDS), three(IDS), atol=1e-2, rtol=0)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(ModelError, match=r"x\.safetensors: not an ensemble"):
        read_ensemble(tmp_path / "x.safetensors")


def test_training_one_member_in_an_ensemble_is_training_it_alone() -> None:
    corpora = Corpora(IDS.repeat(1, 4, 1), torch.ones(3, 20, 9, dtype=torch.bool))
    recipe = Recipe(steps=5, rows=20, warm_up=1)
    first = Decoders(SHAPE, members=3, seed=1)
    alone = first.pick([1])
    full = _every_row(corpora)
    train(first, full, recipe)
    train(alone, Corpora(full.ids[1:2], full.said[1:2]), recipe)
    torch.testing.assert_close(alone(IDS[1:2])[0], first(IDS)[1], atol=1e-4, rtol=0)


def _every_row(corpora: Corpora) -> Corpora:
    """All rows alike, so that it does not matter which of them a batch has."""
    return Corpora(corpora.ids[:, :1].repeat(1, 20, 1), corpora.said)


def test_training_lowers_the_loss_of_every_member() -> None:
    models = Decoders(SHAPE, members=3, seed=1)
    losses: list[Tensor] = []
    corpora = Corpora(IDS, torch.ones(3, 5, 9, dtype=torch.bool))
    train(models, corpora, Recipe(steps=150, rows=5, warm_up=5), on_step=lambda _, loss: losses.append(loss))
    assert bool((losses[-1] < 0.7 * losses[0]).all())


def test_what_is_not_said_is_not_learnt() -> None:
    said = torch.zeros(3, 5, 9, dtype=torch.bool)
    models = Decoders(SHAPE, members=3, seed=1)
    before = models(IDS)
    train(models, Corpora(IDS, said), Recipe(steps=3, rows=5, decay=0.0))
    torch.testing.assert_close(models(IDS), before)


def test_a_student_of_log_probabilities_comes_to_have_them() -> None:
    teacher = Decoders(SHAPE, seed=5)
    with torch.no_grad():
        teacher.w["wte"].mul_(8)  # a teacher with opinions
    scores = next_words(teacher, IDS[:1])
    student = Decoders(SHAPE, seed=6)
    train(
        student, Corpora(IDS[:1], torch.ones(1, 5, 9, dtype=torch.bool), scores), Recipe(steps=400, rows=16, rate=1e-2)
    )
    gap = (next_words(student, IDS[:1]).exp() - scores.exp())[:, :, 1:].abs().max()
    assert float(gap) < 0.1


def test_sampling_keeps_the_prompt_and_stops_at_the_end(three: Decoders) -> None:
    lengths = torch.tensor([[1, 2, 3, 4, 5]] * 3)
    said = sample(three, IDS, lengths, Sampling(seed=1, end=7))
    for member in range(3):
        for row, given in enumerate(lengths[member].tolist()):
            words = said[member, row].tolist()
            assert words[:given] == IDS[member, row, :given].tolist()
            if 7 in words[given:]:
                after = words[words.index(7, given) + 1 :]
                assert set(after) <= {0}


def test_greedy_sampling_takes_the_likeliest_word(three: Decoders) -> None:
    lengths = torch.full((3, 5), 4)
    said = sample(three, IDS, lengths, Sampling(temperature=0, end=99))
    assert torch.equal(said[:, :, 4:], three(said).argmax(-1)[:, :, 3:-1])


def test_samples_follow_the_models_probabilities() -> None:
    model = Decoders(SHAPE, seed=3)
    with torch.no_grad():
        model.w["wte"].mul_(6)
    prompts = torch.full((1, 20_000, 2), 3)
    said = sample(model, prompts, torch.ones(1, 20_000, dtype=torch.long), Sampling(seed=0, end=99))
    shares = torch.bincount(said[0, :, 1], minlength=11) / 20_000
    torch.testing.assert_close(shares, torch.softmax(model(prompts[:, :1, :1])[0, 0, 0], -1), atol=0.015, rtol=0)


def test_a_folder_is_read_by_transformers(tmp_path: Path) -> None:
    words = World(modulus=5).vocabulary.words
    model = Decoders(Shape(len(words), 20, width=8, heads=2), seed=0)
    write_folder(model, words, tmp_path)
    read = read_model(tmp_path)
    turn = [{"role": "user", "content": "start 3 zig 2"}]
    text = read.tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
    assert text == "<s> start 3 zig 2 <think>"
    ids = read.tokenizer.encode(text, add_special_tokens=False)
    assert read.tokenizer.decode(ids) == text
    assert [words[i] for i in ids] == text.split()


def test_a_word_that_a_tokenizer_lacks_is_padding() -> None:
    assert word_tokenizer(World(modulus=5).vocabulary.words).encode("start zebra", add_special_tokens=False)[1] == 0
