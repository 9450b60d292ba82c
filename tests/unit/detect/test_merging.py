from hand_made_cells import HARVEST_SCORE, NEUTRAL_SCORE, ONE, OTHER, all_cells, cell_of, drafts_of, homes, strands_of

from stillwatch.detect.merging import join_all
from stillwatch.detect.strands import TEMPLATE, USE


def test_a_part_found_first_grows_into_the_neutral_whole() -> None:
    """Some calls of one template show a cue, and stand in a cell of their own that ranks before it."""
    strands = strands_of({(TEMPLATE, 1): (ONE[:6], HARVEST_SCORE), (TEMPLATE, 2): (ONE, NEUTRAL_SCORE)})
    drafts = drafts_of(strands)
    join_all(drafts, [cell_of(strands, 0, bits=4.0), cell_of(strands, 1)])
    assert homes(drafts) == [ONE]


def test_a_public_wording_makes_nobody_a_member() -> None:
    crowd = list(range(100, 200))
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (ONE + crowd, HARVEST_SCORE)})
    drafts = drafts_of(strands)
    join_all(drafts, [cell_of(strands, 0, bits=9.0), cell_of(strands, 1, accepted=[*ONE, 100, 101])])
    assert homes(drafts) == [ONE]
    assert len(drafts.drafts[0].cells) == 2


def test_a_use_that_joins_makes_nobody_a_member_yet() -> None:
    strands = strands_of({(TEMPLATE, 1): (ONE, HARVEST_SCORE), (USE, 1): ([*ONE, *OTHER[:2]], HARVEST_SCORE)})
    drafts = drafts_of(strands)
    join_all(drafts, [cell_of(strands, 0, bits=9.0), cell_of(strands, 1)])
    assert homes(drafts) == [ONE]


def test_what_is_refused_is_asked_again_when_drafts_are_whole() -> None:
    late = {(TEMPLATE, 1): (ONE, HARVEST_SCORE), (TEMPLATE, 2): (ONE, NEUTRAL_SCORE)}
    strands = strands_of(late)
    drafts = drafts_of(strands)
    join_all(drafts, all_cells(strands))
    assert [len(d.cells) for d in drafts.drafts] == [2]
