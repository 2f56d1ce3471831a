"""Rules for names, addresses and passwords."""

from uuid import uuid4

import pytest

from lib.domain.people import MANAGING, Person, Role, check_password, clean_email, clean_name


@pytest.mark.parametrize(
    ("text", "email"),
    [
        (" Ada@Example.COM ", "ada@example.com"),
        ("ada.lovelace+work@sub.example.co", "ada.lovelace+work@sub.example.co"),
        ("jo\u0308rg@example.com", "j\u00f6rg@example.com"),
    ],
)
def test_an_address_is_kept_in_one_form(text: str, email: str) -> None:
    assert clean_email(text) == email


@pytest.mark.parametrize(
    "text",
    [
        *("", "ada", "@example.com", "ada@", "a b@example.com", "ada@example..com", "ada@.com"),
        *("ada@example.com\nBcc: eve@example.com", "ada@exa mple.com", "x" * 250 + "@a.com"),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^e-mail: "):
        clean_email(text)


def test_a_name_is_kept_on_one_line() -> None:
    assert clean_name("  Ada \n Lovelace ") == "Ada Lovelace"
    assert clean_name("李 小龙") == "李 小龙"


@pytest.mark.parametrize("text", ["", "   ", "x" * 101, "a\x00b", "a\x1b[31mb", "a\u202eb"])
def test_a_name_that_is_empty_long_or_unprintable_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^name: "):
        clean_name(text)


@pytest.mark.parametrize("password", ["correct horse", "Tr0ub4dor&3xyz", "пароль-из-слов"])
def test_long_passwords_are_fine_whatever_they_are_made_of(password: str) -> None:
    check_password(password, name="Ada", email="ada@example.com")


@pytest.mark.parametrize(
    "password",
    [
        *("", "short", "x" * 129, " correct horse", "correct horse ", "aaaaaaaaaaaaaa"),
        *("password1234", "PASSWORDPASSWORD", "ada@example.com", "é" * 10 + "abcdef" * 9),
        "Ada Lovelace Byron",
    ],
)
def test_short_common_and_personal_passwords_are_refused(password: str) -> None:
    with pytest.raises(ValueError, match=r"^password: "):
        check_password(password, name="Ada Lovelace Byron", email="ada@example.com")


def test_everybody_but_analysts_sees_all_jobs() -> None:
    assert set(Role) - {Role.ANALYST} == MANAGING


def test_a_person_sees_what_the_role_covers() -> None:
    values = {"id": uuid4(), "email": "a@example.com", "name": "A"}
    assert not Person(**values, role=Role.ANALYST).may_see_all_jobs
    assert Person(**values, role=Role.MANAGER).may_see_all_jobs
