"""What a pod may say that it has: two kinds of names, a size, a hash."""

from typing import Any

import pytest

from lib.domain.run_results import Result, is_name, step_of

SHA = "0123456789abcdef" * 4
GOOD = {"name": "checkpoint-200.tar", "bytes": 10, "sha256": SHA, "step": 200}


def test_a_checkpoint_and_an_adapter_are_read() -> None:
    assert Result.from_dict(GOOD) == Result("checkpoint-200.tar", 10, SHA, 200)
    assert Result.from_dict(GOOD | {"step": None}).step == 200  # its name says it
    adapter = {"name": "adapter.tar", "bytes": 1, "sha256": SHA, "step": 400, "done": True}
    assert Result.from_dict(adapter) == Result("adapter.tar", 1, SHA, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", name) for name in ("", None, 7, [], "adapter.tar.gz", "Adapter.tar")),
        *(("name", name) for name in ("../adapter.tar", "/adapter.tar", "a/adapter.tar")),
        *(("name", name) for name in ("adapter.tar\n", "adapter.tar\0", "adapter%2etar")),
        *(("name", f"checkpoint-{step}.tar") for step in ("", "-1", "01", "1e3", "٣", "9" * 10)),
        *(("bytes", size) for size in (0, -1, None, True, "10", 1.5, float("nan"))),
        *(("sha256", sha) for sha in ("", None, SHA[1:], SHA.upper(), SHA + "0", "g" * 64, 5)),
        *(("step", step) for step in (201, -200, "200", 200.0, True, [])),
    ],
)
def test_a_bad_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: "):
        Result.from_dict(GOOD | {field: value})


@pytest.mark.parametrize("given", [None, [], "x", 7, [GOOD]])
def test_only_an_object_is_read(given: Any) -> None:
    with pytest.raises(ValueError, match=r"^body: "):
        Result.from_dict(given)


def test_names_say_their_step() -> None:
    assert (step_of("checkpoint-0.tar"), step_of("adapter.tar")) == (0, None)
    assert is_name("checkpoint-999999999.tar")


def test_other_content_is_another_file() -> None:
    keys = {Result("adapter.tar", 1, sha * 64).key for sha in "ab"}
    assert keys == {f"{'a' * 64}.adapter.tar", f"{'b' * 64}.adapter.tar"}
