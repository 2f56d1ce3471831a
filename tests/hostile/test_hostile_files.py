"""Whatever is uploaded, it is either a training file or one clear DatasetError, soon and small."""

import copy
import gzip
import io
import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lib.datafiles import import_pass, summarise
from lib.datafiles.source import Source
from lib.domain.conversations import DEFAULT_LIMITS, Limits
from lib.domain.dataset import DatasetError

NAME = "../../somewhere/evil\n.json"
MOST_SECONDS = 10
MOST_MEGABYTES = 300
DEEP = 100_000


def pair(turn: int) -> dict[str, Any]:
    answered = turn % 2 == 0
    history = [
        {"role": "user" if at % 2 else "assistant", "content": f"words {at}"}
        for at in range(1, turn)
    ]
    return {
        "id": f"turn{turn}",
        "conversation_id": "c1",
        "system_prompt": "Be kind.",
        "conversation_history": history,
        "current_user_input": f"words {turn - 1 if answered else turn}",
        "target_response": f"words {turn}" if answered else None,
        "training_metadata": {
            "quality_score": 4.2,
            "quality_criteria": {"empathy_score": 4},
            "human_reviewed": True,
        },
    }


def conversation(number: int) -> dict[str, Any]:
    about = {
        "conversation_id": f"c{number}",
        "scaffolding": {"persona_key": "calm", "persona_name": "The Calm One"},
    }
    pairs = [pair(turn) for turn in range(1, 5)]
    return {"conversation_metadata": about, "training_pairs": pairs}


DOCUMENT = {
    "training_file_metadata": {
        "file_name": "T",
        "total_conversations": 2,
        "total_training_pairs": 8,
        "quality_summary": {"avg_quality_score": 4.2, "human_reviewed_count": 8},
    },
    "consultant_profile": {"name": "Someone"},
    "conversations": [conversation(1), conversation(2)],
}
CHAT = {
    "messages": [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Good day"},
    ]
}


def text_of(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def json_lines(*records: Any) -> str:
    return "".join(text_of(record) + "\n" for record in records)


LINES = json_lines({"_meta": DOCUMENT["training_file_metadata"]}, *DOCUMENT["conversations"])
PAIR_LINES = json_lines({"_meta": DOCUMENT["training_file_metadata"]}, pair(1), pair(2))


def changed(path: str, value: Any, base: Any = DOCUMENT) -> Any:
    """`base` with the value at a path such as conversations/1/training_pairs set."""
    *steps, last = (int(step) if step.isdigit() else step for step in path.split("/"))
    document = inner = copy.deepcopy(base)
    for step in steps:
        inner = inner[step]
    inner[last] = value
    return document


def without(path: str, base: Any = DOCUMENT) -> str:
    """`base` as text without the field at `path`."""
    return spliced(path, None, base)


def spliced(path: str, raw: str | None, base: Any = DOCUMENT) -> str:
    """`base` as text with raw text in the place of a value, or without the field for None."""
    text = text_of(changed(path, "@@", base))
    if raw is not None:
        return text.replace('"@@"', raw)
    field = text_of(path.split("/")[-1]) + ': "@@"'
    assert field in text
    return text.replace(field + ", ", "").replace(", " + field, "").replace(field, "")


def zipped() -> bytes:
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("training.json", text_of(DOCUMENT))
        return buffer.getvalue()


PAIR = "conversations/1/training_pairs/3"
PAIR_PLACE = "conversations[1].training_pairs[3]"

WHOLE_FILES = {
    "nothing": (b"", "empty", ""),
    "white space": (b" \r\n\t \n", "empty", ""),
    "a byte order mark": (b"\xef\xbb\xbf", "empty", ""),
    "a brace": (b"{", "not_json", "line 1, column 2"),
    "html": (b"<!DOCTYPE html><html></html>", "not_json", ""),
    "words": (b"hello", "not_json", ""),
    "a number": (b"12", "not_json", ""),
    "null": (b"null", "not_json", ""),
    "an empty object": (b"{}", "unknown_format", ""),
    "an empty list": (b"[]", "unknown_format", ""),
    "a list of chats": (text_of([CHAT]), "unknown_format", ""),
    "another object": (b'{"name": "x", "version": 2}', "unknown_format", ""),
    "too many fields": (
        text_of({f"k{number}": 0 for number in range(2_000)}),
        "unknown_format",
        "",
    ),
    "a zip named json": (zipped(), "unknown_format", ""),
    "gzip": (gzip.compress(text_of(DOCUMENT).encode()), "unknown_format", ""),
    "pdf": (b"%PDF-1.7\n", "unknown_format", ""),
    "utf-16 with a mark": (text_of(DOCUMENT).encode("utf-16"), "not_utf8", "byte 0"),
    "utf-16 without one": (text_of(DOCUMENT).encode("utf-16-le"), "not_utf8", "byte 0"),
    "utf-32": (text_of(DOCUMENT).encode("utf-32-be"), "not_utf8", "byte 0"),
    "latin-1": (
        text_of(changed(f"{PAIR}/id", "caf\u00e9")).encode("latin-1"),
        "not_utf8",
        "line 1, column",
    ),
    "utf-8 cut in a character": (b'{"conversations": [{"a": "\xc3', "not_utf8", "byte 25"),
    "a raw surrogate": (
        text_of(changed(f"{PAIR}/id", "@@")).encode().replace(b"@@", b"\xed\xa0\x80"),
        "lone_surrogate",
        "line 1, column",
    ),
    "nul bytes": (b"\0" * 100, "nul_character", "line 1, column 1"),
    "nul after the end": (text_of(DOCUMENT) + "\0", "not_json", "line 1"),
    "text after the end": (text_of(DOCUMENT) + "\n{}", "not_json", "line 2, column 1"),
    "two documents": (text_of(DOCUMENT) * 2, "not_json", "line 1, column"),
    "a trailing comma": (text_of(DOCUMENT)[:-1] + ",}", "not_json", "line 1, column"),
    "single quotes": (b"{'conversations': []}", "not_json", "line 1, column 2"),
    "a comment": (b'{ // hi\n"conversations": []}', "not_json", "line 1, column 3"),
    "a root key twice": (
        '{"consultant_profile": {},\n' * 2 + text_of(DOCUMENT)[1:],
        "not_json",
        "line 2",
    ),
    "a root key twice, well formed": (
        '{"consultant_profile": {},\n' + text_of(DOCUMENT)[1:],
        "duplicate_key",
        "consultant_profile (line 2, column",
    ),
}

SHAPES = {
    "no conversations": (changed("conversations", []), "no_conversations", ""),
    "null for conversations": (changed("conversations", None), "wrong_type", "conversations"),
    "an object for conversations": (changed("conversations", {}), "wrong_type", "conversations"),
    "a null conversation": (changed("conversations/1", None), "wrong_type", "conversations[1]"),
    "lists for conversations": (changed("conversations/0", []), "wrong_type", "conversations[0]"),
    "no conversations field": (without("conversations"), "missing_field", "conversations"),
    "no metadata": (
        without("training_file_metadata"),
        "missing_field",
        "training_file_metadata",
    ),
    "no pairs": (
        changed("conversations/0/training_pairs", []),
        "missing_field",
        "conversations[0].training_pairs",
    ),
    "null targets everywhere": (
        text_of(DOCUMENT).replace('"target_response": "words', '"target_response": null, "x": "'),
        "nothing_to_train",
        "",
    ),
    "blank targets everywhere": (
        changed("conversations", [changed("training_pairs", [pair(1)], conversation(1))]),
        "nothing_to_train",
        "",
    ),
    "a role nobody has": (
        changed(f"{PAIR}/conversation_history/0/role", "robot"),
        "wrong_type",
        f"{PAIR_PLACE}.conversation_history[0].role",
    ),
    "a score of 6": (
        changed(f"{PAIR}/training_metadata/quality_score", 6),
        "out_of_range",
        f"{PAIR_PLACE}.training_metadata.quality_score",
    ),
    "a negative count": (
        changed("training_file_metadata/total_conversations", -1),
        "out_of_range",
        "training_file_metadata.total_conversations",
    ),
    "a huge count": (
        changed("training_file_metadata/total_training_pairs", 10**18),
        "out_of_range",
        "training_file_metadata.total_training_pairs",
    ),
    "a score that is true": (
        changed(f"{PAIR}/training_metadata/quality_score", True),
        "wrong_type",
        f"{PAIR_PLACE}.training_metadata.quality_score",
    ),
}

REQUIRED = (
    "training_file_metadata/total_conversations",
    "training_file_metadata/total_training_pairs",
    "conversations/1/conversation_metadata",
    "conversations/1/conversation_metadata/conversation_id",
    "conversations/1/training_pairs",
    f"{PAIR}/system_prompt",
    f"{PAIR}/conversation_history",
    f"{PAIR}/conversation_history/0/role",
    f"{PAIR}/conversation_history/0/content",
    f"{PAIR}/current_user_input",
    f"{PAIR}/target_response",
)
TYPED = (
    *REQUIRED,
    "training_file_metadata",
    "training_file_metadata/file_name",
    "training_file_metadata/quality_summary",
    "training_file_metadata/quality_summary/avg_quality_score",
    "consultant_profile",
    "consultant_profile/name",
    "conversations/1/conversation_metadata/scaffolding",
    "conversations/1/conversation_metadata/scaffolding/persona_key",
    f"{PAIR}/conversation_history/0",
    f"{PAIR}/training_metadata",
    f"{PAIR}/training_metadata/human_reviewed",
    f"{PAIR}/training_metadata/quality_score",
    f"{PAIR}/training_metadata/quality_criteria",
    f"{PAIR}/training_metadata/quality_criteria/empathy_score",
)

TOKENS = {
    "NaN": ("NaN", "not_a_number"),
    "Infinity": ("Infinity", "not_a_number"),
    "minus Infinity": ("-Infinity", "not_a_number"),
    "1e999": ("1e999", "not_a_number"),
    "minus 1e999": ("-1e999", "not_a_number"),
    "a whole number of 5,000 digits": ("9" * 5_000, "not_a_number"),
    "a whole number beyond 64 bits": (str(2**63), "not_a_number"),
    "an escaped NUL": (r'"a\u0000b"', "nul_character"),
    "a raw NUL": ('"a\0b"', "nul_character"),
    "a high surrogate": (r'"\ud83d!"', "lone_surrogate"),
    "a low surrogate": (r'"\ude00"', "lone_surrogate"),
    "surrogates in the wrong order": (r'"\ude00\ud83d"', "lone_surrogate"),
    "a low surrogate after text that looks high": (r'"\\ud83d\ude00"', "lone_surrogate"),
    "a NUL in a key": (r'{"\u0000": 1}', "nul_character"),
    "a surrogate in a key": (r'{"\udfff": 1}', "lone_surrogate"),
    "a key twice": ('{"a": 1, "b": {}, "a": 2}', "duplicate_key"),
    "a key twice, once escaped": (r'{"a": 1, "\u0061": 2}', "duplicate_key"),
    "a deep array": ("[" * DEEP + "]" * DEEP, "too_deep"),
    "deep objects": ('{"a":' * DEEP + "1" + "}" * DEEP, "too_deep"),
    "deep and never closed": ("[" * DEEP, "too_deep"),
    "a little too deep": ("[1,{}," * 70 + "0" + "]" * 70, "too_deep"),
    "a raw line break": ('"a\nb"', "not_json"),
    "a leading zero": ("012", "not_json"),
    "a lone minus": ("-", "not_json"),
    "an unknown word": ("None", "not_json"),
    "a bad escape": (r'"\x41"', "not_json"),
    "half an escape": (r'"\u12"', "not_json"),
}
# Fields that are read and fields that are ignored, at each level.
POSITIONS = (
    "ignored",
    "training_file_metadata/ignored",
    "consultant_profile/name",
    "conversations/0/ignored",
    "conversations/1/conversation_metadata/conversation_id",
    f"{PAIR}/ignored",
    f"{PAIR}/target_response",
    f"{PAIR}/conversation_history/0/content",
    f"{PAIR}/training_metadata/quality_score",
)


def place_of(path: str) -> str:
    place = ""
    for step in path.split("/"):
        place += f"[{step}]" if step.isdigit() else f".{step}"
    return place.removeprefix(".")


def peak_megabytes() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no peak memory in /proc")


def growth_while(action) -> float:
    """Megabytes by which memory peaked above where it was."""
    Path("/proc/self/clear_refs").write_text("5")  # starts a new peak
    before = peak_megabytes()
    action()
    return peak_megabytes() - before


def refusal(path: Path, limits: Limits = DEFAULT_LIMITS) -> DatasetError:
    """The error that importing `path` raises: quick, small, on one line, naming the file."""
    with pytest.raises(DatasetError) as caught:
        began = time.monotonic()
        growth = growth_while_refusing = None
        Path("/proc/self/clear_refs").write_text("5")
        before = peak_megabytes()
        try:
            summarise(path, NAME, limits=limits)
        finally:
            growth = peak_megabytes() - before
            seconds = time.monotonic() - began
    assert growth_while_refusing is None
    assert growth < MOST_MEGABYTES
    assert seconds < MOST_SECONDS
    return caught.value
