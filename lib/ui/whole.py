"""Callbacks that a newer click does not break off half-way."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from streamlit.runtime.scriptrunner import RerunException

P = ParamSpec("P")


def whole(callback: Callable[P, None]) -> Callable[P, None]:
    """`callback`, done to its end before Streamlit turns to what the browser has sent since.

    Streamlit ends a run at any access to its session state once there is a newer request, in the
    middle of a callback too, and never calls that one again: a name that was typed just before a
    click on "Continue" would be gone. The callback may then run twice, so it has to be one that
    sets something and does not add to it. Needs `runner.fastReruns = false`: with it, Streamlit
    insists.
    """

    @wraps(callback)
    def done(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            callback(*args, **kwargs)
        except RerunException:
            callback(*args, **kwargs)
            raise

    return done
