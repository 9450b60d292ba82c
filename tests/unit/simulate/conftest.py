from collections.abc import Callable
from dataclasses import replace

import pytest
from traffic_read_back import Composed

from stillwatch.simulate import Pools, compose, read_scenario


@pytest.fixture(scope="session")
def pools() -> Pools:
    return Pools()


@pytest.fixture(scope="session")
def composed(tmp_path_factory: pytest.TempPathFactory, pools: Pools) -> Callable[..., Composed]:
    """Compose a bundled scenario, or only its blocks of the named kinds, once a session."""
    made: dict[object, Composed] = {}

    def make(
        name: str, *, scale: float = 0.2, seed: int = 1, ladder: int | None = None, kinds: tuple[str, ...] = ()
    ) -> Composed:
        key = (name, scale, seed, ladder, kinds)
        if key not in made:
            scenario = read_scenario(name)
            kept = tuple(b for b in scenario.blocks if not kinds or b.kind in kinds)
            out = tmp_path_factory.mktemp("traffic") / "out"
            compose(replace(scenario, blocks=kept), out=out, pools=pools, scale=scale, seed=seed, ladder=ladder)
            made[key] = Composed(out)
        return made[key]

    return make
