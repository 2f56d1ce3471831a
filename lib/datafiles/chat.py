"""OpenAI-style chat lines: {"messages": [{"role", "content", "weight"?}, ...]}."""

from lib.datafiles.fields import Fields
from lib.domain.conversations import Conversation, Message, Pair, TrainingSequence


def conversation(fields: Fields, number: int, line: int) -> Conversation:
    """One line. Each assistant message is a pair; it is trained unless its weight is 0."""
    messages = [_message(message) for message in fields.objects("messages")]
    if not messages:
        raise fields.error("missing_field", "holds no messages; remove the line.", "messages")
    last = max((at for at, message in enumerate(messages, 1) if message.train), default=0)
    return Conversation(
        number=number,
        conversation_id=f"line{line}",
        turns=sum(message.role != "system" for message in messages),
        pairs=tuple(Pair(message.train) for message in messages if message.role == "assistant"),
        # What follows the last trained response has no bearing on any loss.
        sequences=(TrainingSequence(tuple(messages[:last])),) if last else (),
    )


def _message(fields: Fields) -> Message:
    calls = fields.values.get("tool_calls") or fields.values.get("function_call")
    if calls or fields.text("role") in ("tool", "function"):
        message = "tool and function calls cannot be trained on; remove the line."
        raise fields.error("wrong_type", message)
    role = "system" if fields.text("role") == "developer" else fields.role()
    content = fields.text("content")
    weight = fields.optional_count("weight")
    if weight not in (None, 0, 1):
        raise fields.error(
            "out_of_range", f"has to be 0 or 1, not {weight}.", fields.path_to("weight")
        )
    return Message(
        role, content, train=role == "assistant" and weight != 0 and bool(content.strip())
    )
