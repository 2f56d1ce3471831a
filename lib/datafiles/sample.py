"""Generates a training file for demonstrations, tests and benchmarks.

Its shape is that of a real brightrun-lora-v4 file (each user turn is listed as a pair without a
target, the response as the next pair). The same arguments give the same bytes, and a file of any
size is written in little memory.
"""

import json
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, TextIO

from lib.datafiles import sample_text as words

_LENGTHS = {4: 30, 5: 20, 6: 24, 7: 8, 8: 10, 9: 4, 10: 4}  # turns: weight
_REVIEWED_SHARE = 0.3  # of the conversations
_CREATED = "2026-01-15T09:00:00.000Z"


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything about one conversation but its words: cheap, so that the totals, which come
    first in the file, can be counted before anything is written."""

    seed: int
    number: int
    turns: int
    quality: float
    reviewed: bool
    persona: words.Persona
    arc: words.Arc
    topic: words.Topic

    @property
    def conversation_id(self) -> str:
        return f"sample-{self.seed}-{self.number:05d}"


def _plan(seed: int, number: int) -> _Plan:
    dice = random.Random(f"{seed}:{number}:plan")  # noqa: S311 - not for secrets
    return _Plan(
        seed=seed,
        number=number,
        turns=dice.choices(list(_LENGTHS), list(_LENGTHS.values()))[0],
        quality=dice.randint(34, 49) / 10,
        reviewed=dice.random() < _REVIEWED_SHARE,
        persona=dice.choice(words.PERSONAS),
        arc=dice.choice(words.ARCS),
        topic=dice.choice(words.TOPICS),
    )


def _dialogue(plan: _Plan) -> list[str]:
    dice = random.Random(f"{plan.seed}:{plan.number}:words")  # noqa: S311 - not for secrets
    return words.dialogue(dice, plan.persona, plan.arc, plan.topic, plan.turns)


def _metadata(seed: int, conversations: int) -> dict[str, Any]:
    plans = [_plan(seed, number) for number in range(1, conversations + 1)]
    pairs = sum(plan.turns for plan in plans)
    reviewed = sum(plan.turns for plan in plans if plan.reviewed)
    scores = [plan.quality for plan in plans] or [0.0]
    return {
        "file_name": f"Workshop sample, {conversations} conversations",
        "version": "4.0.0",
        "created_date": _CREATED,
        "last_updated": _CREATED,
        "format_spec": "brightrun-lora-v4",
        "target_model": "any",
        "vertical": "bicycle_workshop",
        "total_conversations": conversations,
        "total_training_pairs": pairs,
        "quality_summary": {
            "avg_quality_score": round(fmean(scores), 2),
            "min_quality_score": min(scores),
            "max_quality_score": max(scores),
            "human_reviewed_count": reviewed,
            "human_reviewed_percentage": round(100 * reviewed / max(pairs, 1), 1),
        },
        "scaffolding_distribution": {
            "personas": Counter(plan.persona.key for plan in plans),
            "emotional_arcs": Counter(plan.arc.key for plan in plans),
            "training_topics": Counter(plan.topic.key for plan in plans),
        },
    }


def _conversation(plan: _Plan) -> dict[str, Any]:
    scaffolding = {
        "persona_key": plan.persona.key,
        "persona_name": plan.persona.name,
        "emotional_arc_key": plan.arc.key,
        "emotional_arc": plan.arc.name,
        "training_topic_key": plan.topic.key,
        "training_topic": plan.topic.name,
    }
    said = _dialogue(plan)
    return {
        "conversation_metadata": {
            "conversation_id": plan.conversation_id,
            "source_file": f"{plan.conversation_id}.json",
            "created_date": _CREATED[:10],
            "total_turns": plan.turns,
            "quality_tier": "seed" if plan.reviewed else "experimental",
            "scaffolding": scaffolding,
        },
        "training_pairs": [_pair(plan, said, turn) for turn in range(1, plan.turns + 1)],
    }


def _pair(plan: _Plan, said: list[str], turn: int) -> dict[str, Any]:
    answered = turn % 2 == 0
    return {
        "id": f"{plan.topic.key}_turn{turn}",
        "conversation_id": plan.conversation_id,
        "turn_number": turn,
        "conversation_metadata": {
            "client_persona": plan.persona.name,
            "client_background": plan.persona.background,
            "persona_archetype": plan.persona.key,
            "emotional_arc_key": plan.arc.key,
            "training_topic_key": plan.topic.key,
        },
        "system_prompt": words.SYSTEM_PROMPT,
        "conversation_history": [
            {"turn": at, "role": "user" if at % 2 else "assistant", "content": said[at - 1]}
            for at in range(1, turn)
        ],
        "current_user_input": said[turn - 2 if answered else turn - 1],
        "emotional_context": {"detected_emotions": {"primary": plan.arc.emotion}},
        "target_response": said[turn - 1] if answered else None,
        "training_metadata": {
            "difficulty_level": f"turn_{turn}",
            "quality_score": plan.quality,
            "quality_criteria": {
                "empathy_score": round(plan.quality + 0.1, 1),
                "clarity_score": plan.quality,
                "appropriateness_score": round(plan.quality - 0.1, 1),
                "brand_voice_alignment": plan.quality,
            },
            "human_reviewed": plan.reviewed,
            "reviewer_notes": None,
        },
    }


def _chat(plan: _Plan) -> dict[str, Any]:
    messages = [{"role": "system", "content": words.SYSTEM_PROMPT}]
    for at, content in enumerate(_dialogue(plan)):
        messages.append({"role": "assistant" if at % 2 else "user", "content": content})
    return {"messages": messages}


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write_sample(
    path: Path,
    conversations: int = 60,
    seed: int = 1,
    format: Literal["brightrun", "jsonl", "chat"] = "brightrun",
) -> None:
    """Writes a training file of so many conversations to `path`; about 8 kB each (chat: 1 kB)."""
    numbers = range(1, conversations + 1)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        if format == "chat":
            _write_lines(file, (_chat(_plan(seed, number)) for number in numbers))
            return
        metadata = _metadata(seed, conversations)
        records = (_conversation(_plan(seed, number)) for number in numbers)
        if format == "jsonl":
            about = {"training_file_metadata": metadata, "consultant_profile": words.PROFILE}
            _write_lines(file, [{"_meta": about}])
            _write_lines(file, records)
            return
        file.write(f'{{"training_file_metadata":{_compact(metadata)},\n')
        file.write(f'"consultant_profile":{_compact(words.PROFILE)},\n"conversations":[')
        for at, record in enumerate(records):
            file.write((",\n" if at else "\n") + _compact(record))
        file.write("\n]}\n")


def _write_lines(file: TextIO, records: Any) -> None:
    for record in records:
        file.write(_compact(record) + "\n")
