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
            "quality_criteria": {"empathy_score": 4.1},
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
        text_of({f"k{number}": 0 for number in range(2_000)} | DOCUMENT),
        "unknown_format",
        "",
    ),
    "a zip named json": (zipped(), "unknown_format", ""),
    "gzip": (gzip.compress(text_of(DOCUMENT).encode()), "unknown_format", ""),
    "pdf": (b"%PDF-1.7\n", "unknown_format", ""),
    "utf-16 with a mark": (text_of(DOCUMENT).encode("utf-16"), "not_utf8", "byte offset 0"),
    "utf-16 without one": (text_of(DOCUMENT).encode("utf-16-le"), "not_utf8", "byte offset 0"),
    "utf-32": (text_of(DOCUMENT).encode("utf-32-be"), "not_utf8", "byte offset 0"),
    "latin-1": (
        text_of(changed(f"{PAIR}/id", "caf\u00e9")).encode("latin-1"),
        "not_utf8",
        "line 1, column",
    ),
    "utf-8 cut in a character": (
        b'{"conversations": [{"a": "\xc3',
        "not_utf8",
        "line 1, column 27, byte offset 26",
    ),
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
    "a root key of control characters": (
        '{"\x7f\u202e' + "k" * 100_000 + '": ?}',
        "not_json",
        r'["\u007f\u202ekkk',
    ),
    "the same beside known keys": (
        text_of(DOCUMENT)[:-1] + ', "\x7f\u202e' + "k" * 100_000 + '": ?}',
        "not_json",
        r'["\u007f\u202ekkk',
    ),
    "a root key twice": (
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
        changed("training_file_metadata/total_training_pairs", 2**64),
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


def start_new_peak() -> float:
    """Forgets the highest memory so far; megabytes at this moment."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_megabytes()


def refusal(path: Path, limits: Limits = DEFAULT_LIMITS) -> DatasetError:
    """The error that importing `path` raises: soon, in little memory, on one line."""
    before, began = start_new_peak(), time.monotonic()
    with pytest.raises(DatasetError) as caught:
        summarise(path, NAME, limits=limits)
    assert time.monotonic() - began < MOST_SECONDS
    assert peak_megabytes() - before < MOST_MEGABYTES
    assert str(caught.value).startswith("evil.json: ")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000
    return caught.value


def assert_refused(path: Path, content: Any, code: str, place: str) -> None:
    if not isinstance(content, bytes):
        text = content if isinstance(content, str) else text_of(content)
        content = text.encode()
    path.write_bytes(content)
    error = refusal(path)
    assert (error.code, place in error.place) == (code, True), str(error)


@pytest.fixture
def upload(tmp_path) -> Path:
    return tmp_path / "upload"


def test_the_files_that_these_tests_spoil_are_good_ones(upload):
    for text in (text_of(DOCUMENT), LINES, PAIR_LINES, json_lines(CHAT)):
        upload.write_text(text)
        assert summarise(upload).trainable_pairs > 0


@pytest.mark.parametrize("case", WHOLE_FILES)
def test_a_file_that_is_something_else_is_refused(upload, case):
    assert_refused(upload, *WHOLE_FILES[case])


@pytest.mark.parametrize("case", SHAPES)
def test_a_wrong_shape_is_refused_at_its_place(upload, case):
    assert_refused(upload, *SHAPES[case])


@pytest.mark.parametrize("path", REQUIRED)
def test_a_missing_field_is_named(upload, path):
    assert_refused(upload, without(path), "missing_field", place_of(path))


@pytest.mark.parametrize("path", TYPED)
def test_each_wrong_type_is_named(upload, path):
    for value in ("text", 1.5, True, [], {}, [{}], None):
        upload.write_text(text_of(changed(path, value)))
        try:
            summarise(upload, NAME)
        except DatasetError as error:
            # An object of the right type may lack fields, which is told of the fields.
            assert error.code in ("wrong_type", "missing_field"), str(error)
            assert place_of(path) in error.place, str(error)
        else:
            assert value is None or type(value) is type(value_at(path))


def value_at(path: str) -> Any:
    value: Any = DOCUMENT
    for step in path.split("/"):
        value = value[int(step) if step.isdigit() else step]
    return value


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("path", POSITIONS)
def test_what_parsers_let_through_is_refused_at_its_place(upload, token, path):
    raw, code = TOKENS[token]
    assert_refused(upload, spliced(path, raw), code, place_of(path))
    assert "line 1, column " in refusal(upload).place


@pytest.mark.parametrize("token", [name for name in TOKENS if name != "a raw line break"])
def test_the_same_is_refused_on_lines(upload, token):
    raw, code = TOKENS[token]
    spoilt_pair = spliced("training_pairs/1/ignored", raw, conversation(2))
    first = json_lines({"_meta": DOCUMENT["training_file_metadata"]})
    assert_refused(upload, f"{first}\r\n{spoilt_pair}\n", code, "line 3, column ")
    assert "training_pairs[1].ignored" in refusal(upload).place
    spoilt_message = spliced("messages/1/content", raw, CHAT)
    assert_refused(upload, json_lines(CHAT) + spoilt_message, code, "line 2, column ")
    assert "messages[1].content" in refusal(upload).place


def test_line_and_column_are_those_an_editor_shows(upload):
    text = json.dumps(DOCUMENT, indent=2).replace('"id": "turn3"', '"id": NaN', 1)
    line = text[: text.index("NaN")].count("\n") + 1
    column = text.splitlines()[line - 1].index("NaN") + 1
    place = f"conversations[0].training_pairs[2].id (line {line}, column {column})"
    assert_refused(upload, text, "not_a_number", place)


def test_places_far_into_a_file_are_right_too(upload):
    document = copy.deepcopy(DOCUMENT)
    document["conversations"] = [conversation(number) for number in range(2_000)]
    text = json.dumps(document, indent=1).replace('"c1777"', "c1777")
    line = text[: text.index("c1777")].count("\n") + 1
    place = f"conversations[1777].conversation_metadata.conversation_id (line {line}, column "
    assert_refused(upload, text, "not_json", place)


@pytest.mark.parametrize("text", [text_of(DOCUMENT), LINES], ids=["json", "lines"])
def test_a_file_cut_off_anywhere_is_refused_as_such(upload, text):
    data = text.rstrip().encode()
    for length in range(1, len(data), 17):
        upload.write_bytes(data[:length])
        try:
            summary = summarise(upload, NAME)
        except DatasetError as error:
            assert error.code in ("not_json", "no_conversations"), str(error)
        else:
            assert text is LINES
            assert summary.conversations < 2 == summary.declared_conversations


LINE_SHAPES = {
    "conversations without a first line": (
        json_lines(conversation(1)),
        "missing_field",
        "line 1, _meta",
    ),
    "a first line that is false": (
        json_lines({"_meta": False}, conversation(1)),
        "wrong_type",
        "line 1, _meta",
    ),
    "a first line without figures": (
        json_lines({"_meta": {}}, conversation(1)),
        "missing_field",
        "line 1, _meta.total_conversations",
    ),
    "only a first line": (LINES.splitlines()[0], "no_conversations", ""),
    "a list on a line": (LINES + "[]\n", "wrong_type", "line 4"),
    "two objects on a line": (LINES + "{} {}\n", "not_json", "line 4, column 4"),
    "half an object on a line": (LINES + '{"a": [\n', "not_json", "line 4, column"),
    "pairs without an id": (
        LINES.splitlines()[0] + "\n" + without("conversation_id", pair(2)),
        "missing_field",
        "line 2, conversation_id",
    ),
    "a conversation among pairs": (
        PAIR_LINES + json_lines(conversation(1)),
        "missing_field",
        "line 4, conversation_id",
    ),
    "a pair among conversations": (
        LINES + json_lines(pair(2)),
        "missing_field",
        "line 4, conversation_metadata",
    ),
    "latin-1 on a line": (
        LINES.encode() + b'{"a": "\xe9"}',
        "not_utf8",
        "line 4, column 8, byte offset",
    ),
    "a tool message": (
        json_lines(CHAT, changed("messages/1/role", "tool", CHAT)),
        "wrong_type",
        "line 2, messages[1]",
    ),
    "tool calls": (
        json_lines(changed("messages/1/tool_calls", [{}], CHAT)),
        "wrong_type",
        "line 1, messages[1]",
    ),
    "content in parts": (
        json_lines(CHAT, changed("messages/0/content", [{"type": "text"}], CHAT)),
        "wrong_type",
        "line 2, messages[0].content",
    ),
    "null content": (
        json_lines(changed("messages/1/content", None, CHAT)),
        "wrong_type",
        "line 1, messages[1].content",
    ),
    "a weight of 2": (
        json_lines(changed("messages/1/weight", 2, CHAT)),
        "out_of_range",
        "line 1, messages[1].weight",
    ),
    "a weight of one half": (
        json_lines(changed("messages/1/weight", 0.5, CHAT)),
        "wrong_type",
        "line 1, messages[1].weight",
    ),
    "no messages": (json_lines(CHAT, {"messages": []}), "missing_field", "line 2, messages"),
    "another object among chats": (
        json_lines(CHAT, {"text": "x"}),
        "missing_field",
        "line 2, messages",
    ),
    "every weight 0": (
        json_lines(changed("messages/1/weight", 0, CHAT)),
        "nothing_to_train",
        "",
    ),
    "a chat over several lines": (json.dumps(CHAT, indent=1), "not_json", "line 1, column"),
}


@pytest.mark.parametrize("case", LINE_SHAPES)
def test_a_wrong_line_is_named(upload, case):
    assert_refused(upload, *LINE_SHAPES[case])


MEGABYTE = 1024 * 1024
START = '{"conversations": [{"conversation_metadata": {"conversation_id": "c"}, "x": '
HUGE = {
    "a list of empty lists": ("[", "[],", 99, "unknown_format", ""),
    "empty lists in an ignored field": ('{"x": [', "[],", 99, "too_long", "x"),
    "empty lists for conversations": (
        '{"conversations": [',
        "[],",
        99,
        "wrong_type",
        "conversations[0]",
    ),
    "empty lists in a conversation": (START + "[", "[],", 99, "too_long", "conversations[0]"),
    "one endless text": (START + '"', "x", 99, "too_long", "conversations[0]"),
    "one endless wide text": (START + '"', "💡", 99, "too_long", "conversations[0]"),
    "endless short texts": (START + "[", '"ab",', 99, "too_long", "conversations[0]"),
    "endless numbers": (START + "[", "1.5,", 99, "too_long", "conversations[0]"),
    "one endless number": (START, "1", 99, "not_a_number", "conversations[0].x"),
    "one endless key": ('{"', "x", 99, "too_long", ""),
    "one endless line": ('{"messages": ["', "x", 99, "too_long", "line 1"),
    "a line of empty lists": ('{"messages": [', "[],", 7, "too_long", "line 1"),
    "endless white space": ("", " ", 99, "empty", ""),
    "white space inside": ('{"conversations": [', "\n", 99, "not_json", "conversations"),
    "endless empty conversations": (
        '{"conversations": [',
        "{},",
        99,
        "missing_field",
        "conversations[0].conversation_metadata",
    ),
}


@pytest.mark.parametrize("case", HUGE)
def test_a_huge_file_is_refused_in_little_memory(upload, case):
    start, filling, megabytes, code, place = HUGE[case]
    block = filling.encode() * (MEGABYTE // len(filling.encode()))
    with upload.open("wb") as file:
        file.write(start.encode())
        for _ in range(megabytes):
            file.write(block)
    error = refusal(upload)
    assert (error.code, place in error.place) == (code, True), str(error)
    upload.unlink()


def test_too_large_a_file_is_refused_by_its_size_before_it_is_read(upload):
    with upload.open("wb") as file:
        file.truncate(200 * MEGABYTE)
    error = refusal(upload)
    assert (error.code, error.place) == ("too_large", "")
    assert "209.7 MB" in str(error)


def test_too_large_a_stream_is_refused_whatever_its_size_was_said_to_be():
    limits = Limits(max_bytes=1_000)
    source = Source(io.BytesIO(b"x" * 5_000), 10, "f.json", limits)
    assert len(source.read(1_000)) == 1_000
    with pytest.raises(DatasetError, match=r"^f\.json: 0\.0 MB is more than") as caught:
        source.read(1)
    assert caught.value.code == "too_large"


def test_pairs_of_one_conversation_may_not_be_too_long_together(upload):
    line = json_lines(pair(2))
    upload.write_text(PAIR_LINES + line * 20)
    limits = Limits(max_conversation=len(line) * 10)
    assert refusal(upload, limits).code == "too_long"


def test_pair_lines_may_not_be_of_too_many_conversations(upload):
    upload.write_text(PAIR_LINES + json_lines(changed("conversation_id", "c2", pair(2))))
    assert summarise(upload, limits=Limits(max_groups=2)).conversations == 2
    error = refusal(upload, Limits(max_groups=1))
    assert (error.code, error.place) == ("too_large", "line 4")


def test_one_value_may_not_be_too_long_even_if_it_fits_the_reading_window(upload):
    upload.write_text(text_of(changed("conversations/1/ignored", "x" * 5_000)))
    assert summarise(upload, limits=Limits(max_conversation=20_000)).conversations == 2
    error = refusal(upload, Limits(max_conversation=5_000))
    assert (error.code, error.place) == ("too_long", "conversations[1]")


def test_only_regular_files_that_can_be_opened_are_read(upload, tmp_path):
    good = tmp_path / "good.json"
    good.write_text(text_of(DOCUMENT))
    upload.symlink_to(good)
    os.mkfifo(tmp_path / "pipe")
    closed = tmp_path / "closed.json"
    closed.write_text(text_of(DOCUMENT))
    closed.chmod(0)
    paths = [upload, tmp_path, tmp_path / "pipe", tmp_path / "gone", Path("/dev/zero")]
    paths.append(tmp_path / "nul\0name")
    if os.geteuid():  # root may read anything
        paths.append(closed)
    for path in paths:
        assert refusal(path).code == "unreadable", path


def test_without_the_limit_of_values_the_same_file_takes_several_times_the_memory(upload):
    # Proves the guard: 3 MB of empty lists, refused with it, decoded without.
    upload.write_text('{"x": [' + "[]," * MEGABYTE + "0]}")
    peaks = []
    for limits, code in (
        (DEFAULT_LIMITS, "too_long"),
        (Limits(max_values=10**9), "unknown_format"),
    ):
        before = start_new_peak()
        with pytest.raises(DatasetError) as caught:
            summarise(upload, NAME, limits=limits)
        assert caught.value.code == code
        peaks.append(peak_megabytes() - before)
    guarded, unguarded = peaks
    assert unguarded > 50
    assert unguarded > 3 * guarded


def test_the_plain_parser_would_have_let_the_hazards_through():
    # Proves that the checks are needed: these are the tokens that json itself accepts.
    accepted = [name for name, (raw, _) in TOKENS.items() if parses(raw)]
    assert len(accepted) >= 14


def parses(raw: str) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True


GOOD_FILES = [text.encode() for text in (text_of(DOCUMENT), LINES, PAIR_LINES, json_lines(CHAT))]
NASTY = [raw.encode() for raw, _ in TOKENS.values() if len(raw) < 200]
NASTY += [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\xff", b"\xed\xa0\x80", b"null"]
MUTATION = st.one_of(
    st.tuples(st.just("flip"), st.floats(0, 1), st.integers(1, 255)),
    st.tuples(st.just("cut"), st.floats(0, 1), st.floats(0, 1)),
    st.tuples(st.just("insert"), st.floats(0, 1), st.sampled_from(NASTY)),
    st.tuples(st.just("repeat"), st.floats(0, 1), st.floats(0, 1)),
)


def mutated(data: bytes, mutations: list[tuple]) -> bytes:
    for kind, where, how in mutations:
        at = int(where * max(len(data) - 1, 0))
        match kind:
            case "flip" if data:
                data = data[:at] + bytes([data[at] ^ how]) + data[at + 1 :]
            case "cut":
                data = data[:at] + data[at + int(how * (len(data) - at)) :]
            case "insert":
                data = data[:at] + how + data[at:]
            case "repeat":
                data = data[:at] + data[int(how * at) :]
    return data


@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(good=st.sampled_from(GOOD_FILES), mutations=st.lists(MUTATION, min_size=1, max_size=4))
def test_any_damage_gives_a_summary_or_one_clear_error(tmp_path, good, mutations):
    upload, target = tmp_path / "upload", tmp_path / "sequences"
    target.unlink(missing_ok=True)
    upload.write_bytes(mutated(good, mutations))
    try:
        summary, stats = import_pass(upload, target, name=NAME)
    except DatasetError as error:
        assert str(error).startswith("evil.json: ")
        assert str(error).isprintable()
        assert not target.exists()
    else:
        lines = [json.loads(line) for line in target.read_bytes().splitlines()]
        assert len(lines) == stats.sequences == summary.sequences
        assert len({line["id"] for line in lines}) == len(lines)
        trained = sum(message["train"] for line in lines for message in line["messages"])
        assert trained == summary.trainable_pairs > 0
    assert {path.name for path in tmp_path.iterdir()} <= {"upload", "sequences"}
