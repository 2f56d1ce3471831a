"""How like each other two words are: what a misspelt search is mended by."""

from collections.abc import Iterable

WORD_LENGTH = (3, 30)  # of words that are worth mending, in characters


def trigrams(word: str) -> list[str]:
    """All runs of three letters, the word's two ends included: `  a`, ` ad`, `ada`, `da `."""
    padded = f"  {word} "
    return sorted({padded[at : at + 3] for at in range(len(padded) - 2)})


def slips_allowed(word: str) -> int:
    """How many slips a word of this length may have and still be meant."""
    return 1 if len(word) < 5 else 2


def nearest(word: str, candidates: Iterable[str], limit: int = 5) -> list[str]:
    """Those few slips away, the nearest first; of equally near ones, the one that begins alike."""
    measured = ((slips(word, other), _beginning(word, other), other) for other in candidates)
    near = sorted(one for one in measured if 0 < one[0] <= slips_allowed(word))
    return [other for *_, other in near[:limit]]


def slips(one: str, other: str) -> int:
    """Letters put in, left out, changed, or two neighbours swapped: the fewest that lead from one
    to the other (optimal string alignment).
    """
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, against in enumerate(other, 1):
            best = min(now[-1] + 1, last[column] + 1, last[column - 1] + (letter != against))
            swapped = (
                row > 1 and column > 1 and one[row - 2] == against and letter == other[column - 2]
            )
            now.append(min(best, before_last[column - 2] + 1) if swapped else best)
        before_last, last = last, now
    return last[-1]


def _beginning(word: str, other: str) -> int:
    """Negative number of letters that both begin with."""
    same = 0
    for one, against in zip(word, other, strict=False):
        if one != against:
            break
        same += 1
    return -same
