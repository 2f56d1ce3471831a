"""A job as it is read back from an export: what it becomes, and that nothing else can happen."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.draft import Draft, problems
from lib.domain.job_intake import READ, Unusable, read, title

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["poc", "balanced", "ab" * 32, "x" * 100_000, "0.1", "cosine"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """The object whose values have these paths."""
    found: dict[str, Any] = {}
    for path, value in flat.items():
        *above, last = path.split(".")
        place = found
        for step in above:
            place = place.setdefault(step, {})
        place[last] = value
    return found


@given(st.dictionaries(st.sampled_from(sorted(READ)), values).map(nested) | values)
def test_whatever_is_read_is_a_job_that_can_be_drafted_or_unusable(data: Any) -> None:
    assert len(title(data)) <= 100
    try:
        job = read(data)
    except Unusable as error:
        assert error.problems
        assert all("\n" not in problem or ": " in problem for problem in error.problems)
        assert max(map(len, error.problems)) < 300
        return
    draft = Draft(
        "id",
        job.file_name,
        preset=job.preset,
        overrides=job.overrides,
        offer_key=job.offer_key,
        max_steps=job.max_steps,
        **job.metadata.to_dict(),
    )
    assert problems(draft) == {}
    assert draft.hyperparameters.r >= 1
    assert Draft.from_dict(draft.to_dict()) == draft


def test_what_nobody_decided_is_not_read() -> None:
    least = {"name": "Run", "file": {"name": "a.json"}, "configuration": {"preset": "balanced"}}
    more = {"id": 1, "actual": {"cost": "9"}, "estimate": [], "status": {}, "created_by": None}
    assert read(least) == read(least | more)


@pytest.mark.parametrize(
    ("values", "differing"),
    [
        (
            {"r": 16, "learning_rate": "0.0002", "target_modules": ["q_proj", "v_proj"]},
            ["target_modules"],
        ),
        ({"learning_rate": 0.0002, "lr_scheduler_type": "linear"}, ["lr_scheduler_type"]),
        ({"r": None, "unknown": 3}, []),
    ],
)
def test_a_preset_with_other_values_here_is_noticed(
    values: dict[str, Any], differing: list[str]
) -> None:
    configuration = {"preset": "balanced", "hyperparameters": values}
    job = read({"name": "Run", "file": {"name": "a.json"}, "configuration": configuration})
    assert [name for name, _, _ in job.differing] == differing
