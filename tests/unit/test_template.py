"""Configuration templates: what they keep, how they outlive their day, and numbered names."""

from datetime import date
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.draft import Draft, change, new_draft
from lib.domain.metadata import NAME_LENGTH
from lib.domain.offers import LOCAL_KEY, SPOT_KEY
from lib.domain.template import begin, check, content, is_modified, numbered, read

TODAY = date(2026, 11, 24)
OFFERS = {SPOT_KEY, LOCAL_KEY}
CLIENTS = {"Acme": ["Q4"]}


def a_draft(**changes: object) -> Draft:
    base = new_draft("file", "workshop.json", 60, TODAY)
    return change(
        base,
        TODAY,
        **{
            "name": "The one run",
            "preset": "balanced",
            "overrides": {"r": 24},
            "offer_key": LOCAL_KEY,
            "tags": ("test", "poc"),
            "client": "Acme",
            "project": "Q4",
            "notes": "Why",
            "max_steps": 5,
            **changes,
        },
    )


def test_the_configuration_is_kept_and_what_belongs_to_one_job_is_not() -> None:
    assert content(a_draft(), ()) == {
        "preset": "balanced",
        "overrides": {"r": 24},
        "offer_key": LOCAL_KEY,
    }


def test_documentation_is_kept_where_it_is_wanted() -> None:
    kept = content(a_draft(), ("tags", "client", "notes"))
    assert kept["tags"] == ["test", "poc"]
    assert (kept["client"], kept["project"], kept["notes"]) == ("Acme", "Q4", "Why")
    assert not {"name", "deadline", "max_steps", "training_file_id", "description"} & set(kept)


def test_a_draft_begins_as_the_template_says_and_is_named_after_its_own_file() -> None:
    kept = read(content(a_draft(), ("tags", "client", "notes")), OFFERS, CLIENTS)
    begun = begin(kept, new_draft("other", "letters.json", 400, TODAY), "the-id", TODAY)
    assert kept.notices == ()
    assert (begun.preset, dict(begun.overrides), begun.offer_key) == (
        "balanced",
        {"r": 24},
        LOCAL_KEY,
    )
    assert (begun.tags, begun.client, begun.project) == (("test", "poc"), "Acme", "Q4")
    assert (begun.name, begun.name_edited) == ("letters - Balanced - 2026-11-24", False)
    assert (begun.template_id, begun.max_steps) == ("the-id", None)


def test_a_preset_that_is_gone_falls_back_to_the_file_s_and_says_so() -> None:
    kept = read({"preset": "reckless", "overrides": {"r": 9}, "offer_key": SPOT_KEY}, OFFERS, {})
    assert "reckless" in kept.notices[0]
    begun = begin(kept, new_draft("other", "letters.json", 60, TODAY), "id", TODAY)
    assert (begun.preset, dict(begun.overrides)) == ("conservative", {})


def test_an_offer_that_is_gone_falls_back_to_the_h100_on_spot_and_says_so() -> None:
    kept = read(content(a_draft(), ()), {SPOT_KEY}, {})
    assert kept.offer_key == SPOT_KEY
    assert "GPU offer is no longer there" in kept.notices[0]


def test_changes_that_are_no_longer_possible_are_dropped_and_named() -> None:
    kept = read({"preset": "balanced", "overrides": {"r": 0}, "offer_key": SPOT_KEY}, OFFERS, {})
    assert dict(kept.overrides) == {}
    assert "r: must be" in kept.notices[0]


@pytest.mark.parametrize(
    ("clients", "client", "project"),
    [({}, "", ""), ({"Acme": []}, "Acme", ""), (CLIENTS, "Acme", "Q4")],
)
def test_archived_clients_and_projects_are_left_out(
    clients: dict[str, list[str]], client: str, project: str
) -> None:
    kept = read(content(a_draft(), ("client",)), OFFERS, clients)
    assert (kept.client, kept.project) == (client, project)
    assert len(kept.notices) == (0 if project else 1)


def test_tags_of_older_rules_are_left_out() -> None:
    kept = read({"tags": ["fine", "Not Fine", "x"], "preset": "balanced"}, OFFERS, {})
    assert kept.tags == ("fine",)


@pytest.mark.parametrize(
    ("changes", "modified"),
    [
        ({}, False),
        ({"notes": "other", "tags": (), "client": "", "name": "x y z"}, False),
        ({"overrides": {}}, True),
        ({"offer_key": SPOT_KEY}, True),
        ({"preset": "aggressive"}, True),
        ({"max_steps": 3}, True),
    ],
)
def test_another_configuration_is_a_modified_one(
    changes: dict[str, object], modified: bool
) -> None:
    template = content(a_draft(), ())
    assert is_modified(template, a_draft(**{"max_steps": None, **changes})) is modified


@pytest.mark.parametrize("name", ["ab", "x" * 101])
def test_a_bad_name_is_named(name: str) -> None:
    with pytest.raises(ValueError, match="Template name must be between 3 and 100 characters"):
        check(name, "")


def test_a_long_description_is_named() -> None:
    with pytest.raises(ValueError, match="Template description must be at most 500"):
        check("fine", "x" * 501)


def test_numbers_go_on_from_the_name_s_own() -> None:
    assert list(islice(numbered("Run"), 2)) == ["Run (2)", "Run (3)"]
    assert next(numbered("Run (2)")) == "Run (3)"
    assert next(numbered("Run (draft)")) == "Run (draft) (2)"
    assert next(numbered("(7)")) == "(7) (2)"


@given(st.text(min_size=3, max_size=100))
def test_numbered_names_keep_the_limit_and_differ(name: str) -> None:
    found = list(islice(numbered(name), 12))
    assert len(set(found)) == len(found)
    assert name not in found
    assert all(len(one) <= NAME_LENGTH[1] for one in found)
