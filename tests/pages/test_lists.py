"""What lists have in common."""

from streamlit.testing.v1 import AppTest

from lib.ui.lists import told_apart


def test_labels_that_are_alike_are_told_apart() -> None:
    assert told_apart({1: "Max", 2: "Ana", 3: "Max", 4: "Max"}) == {
        1: "Max",
        2: "Ana",
        3: "Max (2)",
        4: "Max (3)",
    }


def _choice() -> None:
    import streamlit as st

    from lib.ui.lists import told_apart

    names = {1: "Max", 2: "Max"}
    plain = st.selectbox("plain", list(names), format_func=names.__getitem__)
    apart = st.selectbox("apart", list(names), format_func=told_apart(names).__getitem__)
    st.text(f"{plain} {apart}")


def test_of_two_alike_both_can_be_chosen_only_where_they_are_told_apart() -> None:
    page = AppTest.from_function(_choice).run()
    answers = []
    for wanted in (1, 2):
        page.selectbox[0].set_value(wanted)
        page.selectbox[1].set_value(wanted)
        answers.append(page.run().text[0].value.split())
    plain, apart = zip(*answers, strict=True)
    assert apart == ("1", "2")
    assert plain in {("1", "1"), ("2", "2")}
