"""Every code by which a job can fail has words for it, and steps that can be taken."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.domain.failure_table import FAILURES, Failure, Mender
from lib.domain.failures import explain, in_a_mail
from lib.domain.next_steps import STEP_TITLES, Step
from trainer.errors import Code

PROJECT = Path(__file__).parents[2]
#: Where a job's failure can come from.
SOURCES = ("lib/engines", "lib/worker", "lib/services", "trainer")
RAISED = {"SubmitRefused", "Refused"}
#: What `code` means in places where it is no job's failure.
OTHER_CODES = {"stopped", "max_seconds"}


def literals(node: ast.AST | None) -> Iterator[str]:
    """All texts of an expression that may be its value."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.BoolOp(values=parts):
            for part in parts:
                yield from literals(part)
        case ast.IfExp(body=first, orelse=second):
            yield from literals(first)
            yield from literals(second)


def codes_in(tree: ast.AST) -> Iterator[str]:
    """Texts that are given to what takes a code: errors, `fail`, and names that say so."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in RAISED:
                yield from literals(first)
            case ast.Call(func=ast.Name(id="Next"), args=[_, _, third, *_]):
                yield from literals(third)
            case ast.Call(func=ast.Name(id="Verdict"), args=[_, second, *_]):
                yield from literals(second)
            case ast.Call(
                func=ast.Name(id="fail") | ast.Attribute(attr="fail"), args=[_, _, third, *_]
            ):
                yield from literals(third)
            case ast.keyword(arg="failure_code" | "code", value=value):
                yield from literals(value)
            case ast.Assign(targets=[ast.Name(id="code" | "CODE")], value=value):
                yield from literals(value)
            case ast.Assign(
                targets=[ast.Tuple(elts=[ast.Name(id="code"), *_])],
                value=ast.Tuple(elts=[value, *_]),
            ):
                yield from literals(value)
            case ast.Return(value=ast.Tuple(elts=[ast.Attribute(attr="FAILED"), value, *_])):
                yield from literals(value)


def codes_in_use() -> dict[str, str]:
    """Each code with a file that uses it."""
    found = {str(code): "trainer/errors.py" for code in Code}
    files = [PROJECT / "lib/domain/recovery.py", PROJECT / "lib/domain/spending_cap.py"]
    for folder in SOURCES:
        files += sorted((PROJECT / folder).rglob("*.py"))
    for path in files:
        shown = path.relative_to(PROJECT).as_posix()
        if path.name in ("system_status.py", "assessment.py", "starting.py"):
            continue  # codes of blockers and states
        for code in codes_in(ast.parse(path.read_text("utf-8"))):
            found.setdefault(code, shown)
    return {code: path for code, path in found.items() if code not in OTHER_CODES}


def test_every_code_in_use_has_an_entry() -> None:
    used = codes_in_use()
    known = {"out_of_memory", "trainer_ended", "adapter_missing", "key_refused", "price_changed"}
    assert known | {"recoveries_exhausted", "no_capacity", "pod_error", "cap_reached"} <= set(used)
    assert {code: path for code, path in used.items() if code not in FAILURES} == {}


@pytest.mark.parametrize(("code", "failure"), FAILURES.items(), ids=FAILURES)
def test_an_entry_is_whole(code: str, failure: Failure) -> None:
    assert failure.title and not failure.title.endswith(".")
    assert failure.specific or failure.meaning.endswith(".")
    assert len(set(failure.steps)) == len(failure.steps)
    if failure.mender is Mender.ADMIN or {Step.ADMIN, Step.TOP_UP} & set(failure.steps):
        assert failure.remedy.endswith(".")
    assert failure.steps or code == "cap_reached"  # which has a panel of its own


def test_steps_that_are_named_in_mails_have_words() -> None:
    assert set(STEP_TITLES) == set(Step)


def test_the_runs_own_message_comes_first_where_it_says_more() -> None:
    long = explain("sequence_too_long").told("Conversation 'a' has 9 tokens\nand 8 fit")
    assert long.startswith("Conversation 'a' has 9 tokens and 8 fit. Nothing was trained")
    assert "CUDA" not in explain("out_of_memory").told("CUDA error 2")
    assert explain("recoveries_exhausted").told("It was interrupted.") == "It was interrupted."


def test_an_unknown_code_is_an_error_whose_own_message_is_kept() -> None:
    assert explain("of_tomorrow") is explain(None) is FAILURES["error"]
    assert explain("of_tomorrow").told("It broke").startswith("It broke. ")


def test_a_mail_says_what_happened_and_what_promises_most() -> None:
    assert in_a_mail("no_balance", "RunPod's account has no money left.") == (
        "The provider's account has no money left. Nothing can be rented until an admin has "
        "topped it up. The job itself is fine. Next: have the balance topped up or try again as it "
        "was. Its page has all ways on, with their prices."
    )
    assert in_a_mail("cap_reached", "Ended at $5.00.").startswith("The spending cap is reached. ")
