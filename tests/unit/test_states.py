"""The table of job states holds together; the database's copy is checked in tests/db."""

from lib.domain.states import ACTIVE, TERMINAL, TRANSITIONS, JobStatus, may_follow


def test_every_state_has_its_row_and_belongs_to_one_kind() -> None:
    drafts = {JobStatus.PENDING_CONFIGURATION}
    assert TRANSITIONS.keys() == set(JobStatus)
    assert drafts | ACTIVE | TERMINAL == set(JobStatus)
    assert not ACTIVE & TERMINAL


def test_nothing_follows_an_end() -> None:
    assert {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED} == TERMINAL
    assert not any(may_follow(end, state) for end in TERMINAL for state in JobStatus)


def test_every_active_job_can_be_cancelled_and_can_fail() -> None:
    for state in ACTIVE:
        assert may_follow(state, JobStatus.CANCELLED)
        assert may_follow(state, JobStatus.FAILED)


def test_a_draft_is_started_or_discarded_and_nothing_else() -> None:
    after = TRANSITIONS[JobStatus.PENDING_CONFIGURATION]
    assert after == {JobStatus.QUEUED, JobStatus.CANCELLED}


def test_every_state_can_be_reached_and_left_towards_an_end() -> None:
    reached = {JobStatus.PENDING_CONFIGURATION}
    while further := {after for state in reached for after in TRANSITIONS[state]} - reached:
        reached |= further
    assert reached == set(JobStatus)
