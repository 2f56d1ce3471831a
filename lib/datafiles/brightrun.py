"""The brightrun-lora-v4 shapes: file metadata, conversations and their training pairs.

A pair's `conversation_history` repeats the current user input as its last message; in the context
of a response it is there once.
"""

from collections.abc import Iterable

from lib.datafiles.fields import Fields
from lib.datafiles.sequences import Example, merged
from lib.domain.conversations import Conversation, Header, Label, Message, Pair, Scores


def header(metadata: Fields, profile: Fields) -> Header:
    """From `training_file_metadata` and `consultant_profile`."""
    declared = metadata.optional_object("quality_summary")
    return Header(
        title=metadata.label("file_name"),
        vertical=metadata.label("vertical"),
        profile_name=profile.label("name"),
        last_updated=metadata.label("last_updated"),
        conversations=metadata.count("total_conversations"),
        pairs=metadata.count("total_training_pairs"),
        average_quality=declared.score("avg_quality_score"),
        human_reviewed=declared.optional_count("human_reviewed_count"),
    )


def conversation(fields: Fields, number: int) -> Conversation:
    """From one object of `conversations`."""
    about = fields.object("conversation_metadata")
    scaffolding = about.optional_object("scaffolding")
    pairs = list(fields.objects("training_pairs"))
    if not pairs:
        message = "holds no training pairs; remove the conversation."
        raise fields.error("missing_field", message, fields.path_to("training_pairs"))
    labels = _scaffolding_labels(scaffolding)
    return conversation_of_pairs(about.text("conversation_id"), number, pairs, labels)


def conversation_of_pairs(
    conversation_id: str,
    number: int,
    pairs: list[Fields],
    labels: dict[str, Label | None] | None = None,
) -> Conversation:
    """From training pairs, in their order; labels that are not given come from the first pair."""
    fallback = _pair_labels(pairs[0].optional_object("conversation_metadata"))
    known = {kind: label for kind, label in (labels or {}).items() if label}
    examples: list[Example] = []
    facts: list[Pair] = []
    inputs = [fields.text("current_user_input") for fields in pairs]
    targets = [_target(fields) for fields in pairs]
    for index, fields in enumerate(pairs):
        context = _context(fields, inputs[index])
        target = targets[index]
        restated = False
        if target is not None:
            examples.append(Example(index + 1, context, target))
        elif index + 1 < len(pairs):
            restated = targets[index + 1] is not None and inputs[index + 1] == inputs[index]
        facts.append(_facts(fields, target is not None, restated))
    return Conversation(
        number=number,
        conversation_id=conversation_id,
        turns=len(pairs),
        pairs=tuple(facts),
        sequences=merged(examples),
        **{**fallback, **known},
    )


def _target(fields: Fields) -> str | None:
    target = fields.text_or_null("target_response")
    return target if target and target.strip() else None


def _context(fields: Fields, user_input: str) -> tuple[Message, ...]:
    turns = list(_history(fields.objects("conversation_history")))
    if not turns or turns[-1] != Message("user", user_input):
        turns.append(Message("user", user_input))
    if system := fields.text_or_null("system_prompt"):
        turns.insert(0, Message("system", system))
    return tuple(turns)


def _history(messages: Iterable[Fields]) -> Iterable[Message]:
    for message in messages:
        yield Message(message.role(), message.text("content"))


def _facts(fields: Fields, has_target: bool, restated: bool) -> Pair:
    about = fields.optional_object("training_metadata")
    criteria = about.optional_object("quality_criteria")
    scores = Scores(
        quality=about.score("quality_score"),
        empathy=criteria.score("empathy_score"),
        clarity=criteria.score("clarity_score"),
        appropriateness=criteria.score("appropriateness_score"),
        brand_voice=criteria.score("brand_voice_alignment"),
    )
    return Pair(has_target, restated, about.flag("human_reviewed"), scores)


def _scaffolding_labels(fields: Fields) -> dict[str, Label | None]:
    return {
        "persona": _label(fields, "persona_key", "persona_name"),
        "emotional_arc": _label(fields, "emotional_arc_key", "emotional_arc"),
        "topic": _label(fields, "training_topic_key", "training_topic"),
    }


def _pair_labels(fields: Fields) -> dict[str, Label | None]:
    return {
        "persona": _label(fields, "persona_archetype", "client_persona"),
        "emotional_arc": _label(fields, "emotional_arc_key", "emotional_arc"),
        "topic": _label(fields, "training_topic_key", "training_topic"),
    }


def _label(fields: Fields, key_field: str, name_field: str) -> Label | None:
    key, name = fields.label(key_field), fields.label(name_field)
    if key is None:
        return Label(name, name) if name else None
    return Label(key, name or key.replace("_", " ").capitalize())
