"""What a typed search asks for: words, "phrases", -exclusions, and the word still being typed.

Texts are split into words here exactly as the database's function `searchable` does it, so that
what was found can be marked in the text as it was written.
"""

import re
import unicodedata
from dataclasses import dataclass

#: What stands between words: the database has the same class. Marks that belong to letters do not.
SEPARATORS = (
    r"[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf"
    r"\u00d7\u00f7\u060c\u061b\u061f\u0964\u0965\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u3030\ufe00-\ufe0f\ufeff\ufff0-\uffff\U0001f000-\U0001faff]"
)
WORD_LIMIT = 60  # characters of a word that count; a longer one is taken for the beginning of one
TERMS_LIMIT = 24

_BETWEEN = re.compile(SEPARATORS.replace("[", "[\\u0000", 1))
_WORD = re.compile(SEPARATORS.replace("[", "[^\\u0000", 1) + "+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»", '"'))
_PART = re.compile(r'(?P<minus>-?)"(?P<phrase>[^"]*)(?P<end>"?)|(?P<loose>[^\s"]+)')


@dataclass(frozen=True)
class Term:
    """One thing to find, or not to find. Several words stand next to each other, in this order.

    `typing`: the last word may go on. `quoted`: as it stands, no other form of the words.
    """

    words: tuple[str, ...]
    excluded: bool = False
    typing: bool = False
    quoted: bool = False


def terms(text: str) -> tuple[Term, ...]:
    """The terms of a search, in their order; none where it has no letter and no digit."""
    found: list[Term] = []
    for part in _PART.finditer(text.translate(_QUOTES)):
        loose = part["loose"]
        quoted = loose is None
        words = _BETWEEN.sub(" ", fold(part["phrase"] if quoted else loose)).split()
        if words:
            excluded = bool(part["minus"]) if quoted else loose.startswith("-")
            last = part.end() == len(text) and not part["end"]
            cut = len(words[-1]) > WORD_LIMIT
            found.append(
                Term(
                    words=tuple(word[:WORD_LIMIT] for word in words),
                    excluded=excluded,
                    typing=(last and not excluded) or cut,
                    quoted=quoted,
                )
            )
    return tuple(found[:TERMS_LIMIT])


def fold(text: str) -> str:
    """Text as it is compared: lower case, without accents, compatible characters as one."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return "".join(letter.lower() for letter in bare)


def places(text: str) -> list[tuple[int, int, str]]:
    """Where each word begins and ends, and the word as it is compared."""
    return [(*word.span(), fold(word.group())) for word in _WORD.finditer(text)]
