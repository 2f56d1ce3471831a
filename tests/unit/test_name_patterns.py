"""The shapes of job names: what differs from job to job is told by what it stands for."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.draft import first_name, new_draft
from lib.domain.name_patterns import EXAMPLES, NamedJob, automatic_share, patterns

#: Names as people write them, and the worst that they could.
NAMES = st.one_of(
    st.text(max_size=100),
    st.from_regex(r"[a-z]{1,6}[ _:-]v[0-9]{1,3}", fullmatch=True),
    st.sampled_from(
        [
            "{date} {text}",
            "=1+1",
            "<b>x</b>",
            "\u202ertl",
            "İstanbul ß",
            "a\x00b",
            "- - -",
            "",
            "   ",
            "\ue000 v1",
            "2026-99-99",
            "\U0001f600 24 Nov 2026",
        ]
    ),
)
JOBS = st.builds(
    NamedJob,
    name=NAMES,
    file=st.one_of(st.just(""), NAMES),
    client=st.one_of(st.just(""), NAMES),
    project=st.one_of(st.just(""), NAMES),
    automatic=st.booleans(),
)


def shape(name: str, **known: str) -> str:
    """Of a name in a team that has it often, so that its words are a convention."""
    return patterns([NamedJob(name, **known)] * 3)[0].shape


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("Acme v3", {"client": "Acme"}, "{client} v{n}"),
        ("ACME  V12", {"client": "acme"}, "{client} v{n}"),
        ("plans - Balanced - 2026-11-24", {"file": "plans.json"}, "{file} - {preset} - {date}"),
        ("plans.json, again", {"file": "plans.json"}, "{file}, again"),
        ("Desk: Aggressive", {"client": "Kumo", "project": "Desk"}, "{project}: {preset}"),
        ("Kumo Concierge", {"client": "Kumo", "project": "Kumo Concierge"}, "{project}"),
        ("Acmeology v3", {"client": "Acme"}, "acmeology v{n}"),
        ("rank16 r16 lr0.0002", {}, "rank{n} r{n} lr{n}"),
        ("run_20261124_final", {}, "run_{date}_final"),
        ("24 Nov 2026", {}, "{date}"),
        ("November 24, 2026 run", {}, "{date} run"),
        ("24.11.2026/2", {}, "{date}/{n}"),
        ("2026-11 test", {}, "{date} test"),
        ("Q4 2026 test", {}, "{date} test"),
        ("conservatively 7", {}, "conservatively {n}"),
        ("\U0001f600\U0001f600 {x}", {}, "{text}x{text}"),
        ("", {}, "{text}"),
    ],
)  # fmt: skip
def test_a_name_has_the_shape(name: str, known: dict[str, str], expected: str) -> None:
    assert shape(name, **known) == expected


def test_words_that_few_names_share_are_text_and_those_of_a_convention_stay() -> None:
    about = ["prices", "tone of voice", "second line", "holidays", "greetings", "returns"]
    jobs = [NamedJob(f"Run {at}: {text}") for at, text in enumerate(about)]

    (found,) = patterns(jobs)

    assert found.shape == "run {n}: {text}"
    assert found.examples == ("Run 0: prices", "Run 1: tone of voice", "Run 2: second line")
    assert found.share.text == "100 %"


def test_automatic_names_are_counted_apart_from_typed_ones_of_the_same_shape() -> None:
    day = date(2026, 11, 24)
    drawn = new_draft("1", "care-plans.json", 200, day).name
    automatic = NamedJob(drawn, "care-plans.json", automatic=True)
    typed = NamedJob("care-plans - Aggressive - 2026-11-20", "care-plans.json")

    found = patterns([automatic, automatic, typed])

    assert [(one.shape, one.automatic, one.share.count) for one in found] == [
        ("{file} - {preset} - {date}", True, 2),
        ("{file} - {preset} - {date}", False, 1),
    ]
    share = automatic_share([automatic, automatic, typed])
    assert share is not None
    assert share.text == "66.7 %"
    assert automatic_share([]) is None


@given(
    stem=st.text(
        st.characters(codec="ascii", categories=["L", "N", "Zs"]), min_size=1, max_size=200
    )
)
def test_an_automatic_name_has_the_automatic_shape_however_long_the_file_name(stem: str) -> None:
    file = f"a{stem}.json"
    day = date(2026, 11, 24)
    draft = new_draft("1", file, 200, day)
    for name, expected in (
        (draft.name, "{file} - {preset} - {date}"),
        (first_name(file, day), "{file} - {date}"),
    ):
        assert patterns([NamedJob(name, file, automatic=True)])[0].shape == expected


@given(jobs=st.lists(JOBS, max_size=30))
def test_each_name_has_exactly_one_shape_and_is_an_example_of_it_or_like_one(
    jobs: list[NamedJob],
) -> None:
    found = patterns(jobs)

    assert sum(one.share.count for one in found) == len(jobs)
    assert all(one.share.of == len(jobs) for one in found)
    assert len({(one.shape, one.automatic) for one in found}) == len(found)
    assert [one.share.count for one in found] == sorted(
        (one.share.count for one in found), reverse=True
    )
    names = Counter(job.name for job in jobs)
    for one in found:
        assert one.shape
        assert 1 <= len(one.examples) <= EXAMPLES
        assert all(names[example] for example in one.examples)
        assert not any(letter.isdecimal() for letter in one.shape)


@given(
    first=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    second=st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    numbers=st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)),
    written=st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%y", "%Y%m%d", "%d %B %Y", "%b %Y"]),
)
def test_another_day_and_number_give_the_same_shape(
    first: date, second: date, numbers: tuple[int, int], written: str
) -> None:
    names = [
        f"Nightly {day.strftime(written)} try {number}"
        for day, number in zip((first, second), numbers, strict=True)
    ]
    assert shape(names[0]) == shape(names[1]) == "nightly {date} try {n}"


@given(jobs=st.lists(JOBS, min_size=1, max_size=15))
def test_the_order_of_the_names_changes_no_count(jobs: list[NamedJob]) -> None:
    def counted(listed: list[NamedJob]) -> set[tuple[str, bool, int]]:
        return {(one.shape, one.automatic, one.share.count) for one in patterns(listed)}

    assert counted(jobs) == counted(jobs[::-1])
