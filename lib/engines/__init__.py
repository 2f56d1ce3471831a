"""The engines of this installation, by name."""

from collections.abc import Sequence
from functools import cache

from lib.engines.base import Engine
from lib.engines.errors import UnknownEngine
from lib.engines.local import LocalEngine

_ENGINES = {LocalEngine.name: LocalEngine}


@cache
def engine(name: str) -> Engine:
    """The one instance of an engine in this process. Raises UnknownEngine."""
    if name not in _ENGINES:
        raise UnknownEngine(f"there is no engine {name!r:.40} in this installation")
    return _ENGINES[name]()


def engines() -> Sequence[Engine]:
    """All engines that can run jobs here."""
    return tuple(engine(name) for name in _ENGINES)
