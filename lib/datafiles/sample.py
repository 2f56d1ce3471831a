"""Generates a training file for demonstrations, tests and benchmarks: a bicycle workshop's desk.

Its shape is that of a real brightrun-lora-v4 file (each user turn is listed as a pair without a
target, the response as the next pair); its text is made of templates. The same arguments give the
same bytes, and a file of any size is written in constant memory.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TextIO

from lib.datafiles import sample_text as text

_LENGTHS = (4, 5, 6, 7, 8, 9, 10)  # turns
_LENGTH_WEIGHTS = (30, 20, 24, 8, 10, 4, 4)
_REVIEWED_SHARE = 0.3  # of the conversations
_CREATED = "2026-01-15T09:00:00.000Z"


@dataclass(frozen=True)
class _Plan:
    """Everything about one conversation but its words; cheap, so that totals can come first."""

    seed: int
    number: int

    @cached_property
    def _dice(self) -> random.Random:
        return random.Random(f"{self.seed}:{self.number}")  # noqa: S311 - no secret

    @cached_property
    def turns(self) -> int:
        return self._fresh("turns").choices(_LENGTHS, _LENGTH_WEIGHTS)[0]

    @cached_property
    def reviewed(self) -> bool:
        return self._fresh("reviewed").random() < _REVIEWED_SHARE

    @cached_property
    def quality(self) -> float:
        return self._fresh("quality").randint(34, 49) / 10

    @property
    def persona(self) -> text.Persona:
        return text.PERSONAS[self.number % len(text.PERSONAS)]

    @property
    def arc(self) -> text.Arc:
        return text.ARCS[self.number // 2 % len(text.ARCS)]

    @property
    def topic(self) -> text.Topic:
        return text.TOPICS[self.number * 7 % len(text.TOPICS)]

    def _fresh(self, purpose: str) -> random.Random:
        return random.Random(f"{self.seed}:{self.number}:{purpose}")  # noqa: S311 - no secret
