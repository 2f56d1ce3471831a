"""A callback is done to its end, though Streamlit would leave in its middle."""

import pytest
from streamlit.runtime.scriptrunner import RerunData, RerunException

from lib.ui.whole import whole


def test_a_newer_request_counts_once_the_callback_is_done():
    newer, done = RerunException(RerunData()), []

    @whole
    def callback(name):
        if not done:
            done.append("begun")
            raise newer  # as any access to the session state does
        done.append(name)

    with pytest.raises(RerunException) as raised:
        callback("ended")
    assert raised.value is newer
    assert done == ["begun", "ended"]


def test_nothing_is_done_twice_where_nothing_came_between():
    done = []
    whole(done.append)("once")
    assert done == ["once"]
