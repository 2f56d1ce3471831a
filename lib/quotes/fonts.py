"""Noto faces for any script, each cut down to the characters that a document needs.

The packaged fonts are variable, which a PDF cannot embed. Cutting a face down first and fixing
its weight after takes hundredths of a second, against seconds the other way round, so nothing is
cached on disk. Chinese, Japanese and Korean outlines are CFF2 in a collection of 65,535 glyphs:
the few that are needed are redrawn as TrueType.
"""

from enum import IntEnum
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any
from unicodedata import normalize

from fontTools import subset, unicodedata
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph
from fontTools.varLib import instancer

from lib.quotes.text import ZERO_WIDTH_JOINERS

REPLACEMENT = "\ufffd"  # shown for a character that no face has
LATIN = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2028)))) | {
    "€",
    "−",
    REPLACEMENT,
}
BASE = "NotoSans"
CJK = "NotoSansCJK"
_SYMBOLS = ("NotoSansSymbols", "NotoEmoji")
# Shaping puts these in: for what is invisible, for a lone mark, for half of a Khmer vowel.
_ALWAYS = frozenset(" ◌\u17c1")
_MAX_CURVE_ERROR = 1.0  # font units of 1000: what turning a cubic curve into quadratic ones costs
_SCRIPTS = {
    "Arab": "NotoSansArabic",
    "Armn": "NotoSansArmenian",
    "Beng": "NotoSansBengali",
    "Deva": "NotoSansDevanagari",
    "Ethi": "NotoSansEthiopic",
    "Geor": "NotoSansGeorgian",
    "Gujr": "NotoSansGujarati",
    "Guru": "NotoSansGurmukhi",
    "Hebr": "NotoSansHebrew",
    "Knda": "NotoSansKannada",
    "Khmr": "NotoSansKhmer",
    "Laoo": "NotoSansLao",
    "Mlym": "NotoSansMalayalam",
    "Mymr": "NotoSansMyanmar",
    "Orya": "NotoSansOriya",
    "Sinh": "NotoSansSinhala",
    "Taml": "NotoSansTamil",
    "Telu": "NotoSansTelugu",
    "Thai": "NotoSansThai",
}


class Weight(IntEnum):
    """The two weights a quote is set in, on the wght axis."""

    REGULAR = 400
    BOLD = 700


@lru_cache(maxsize=4096)
def face_for(grapheme: str, previous: str | None) -> str | None:
    """The first face that has every character of the grapheme, or None.

    `previous` is the face of the text just before: spaces, and marks and punctuation that many
    scripts share, stay in it where they can.
    """
    scripts = sorted({code for char in grapheme for code in unicodedata.script_extension(char)})
    candidates = [BASE, *map(_SCRIPTS.get, scripts), previous, *_SYMBOLS, CJK]
    if grapheme == " " and previous not in _SYMBOLS:
        candidates.insert(0, previous)
    needed = set(grapheme) - set(ZERO_WIDTH_JOINERS) or set(grapheme)
    return next((face for face in candidates if face and needed <= coverage(face)), None)


@cache
def coverage(face: str) -> frozenset[str]:
    """Every character that the face has a glyph for."""
    with _open(face) as font:
        return frozenset(map(chr, font.getBestCmap()))


@lru_cache(maxsize=64)
def static_font(face: str, weight: Weight, characters: frozenset[str]) -> bytes:
    """A TrueType file of one weight of the face with the characters and what they combine to."""
    parts = normalize("NFKD", "".join(characters))  # two-part vowels are shaped from their parts
    wanted = sorted(characters.union(_ALWAYS, parts) & coverage(face))
    if face == CJK:
        return _redrawn(weight, wanted)
    options = subset.Options(layout_features=["*"], notdef_outline=True, hinting=False)
    if face == BASE:  # small capitals and the like would only make it larger
        options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl", "liga"]
    cutter = subset.Subsetter(options)
    cutter.populate(text="".join(wanted))
    with _open(face) as font:
        cutter.subset(font)
        instancer.instantiateVariableFont(font, {"wght": weight}, inplace=True, static=True)
        saved = BytesIO()
        font.save(saved)
    return saved.getvalue()


def _redrawn(weight: Weight, characters: list[str]) -> bytes:
    with _open(CJK, _regional_form("".join(characters))) as source:
        names = source.getBestCmap()
        glyphs = source.getGlyphSet(location={"wght": weight})
        cmap = {ord(char): names[ord(char)] for char in characters}
        order = [".notdef", *sorted(set(cmap.values()))]
        outlines = {name: _quadratic(glyphs[name]) for name in order}
        builder = FontBuilder(source["head"].unitsPerEm)
        builder.font.recalcTimestamp = False
        head = source["head"]
        builder.setupHead(unitsPerEm=head.unitsPerEm, created=head.created, modified=head.modified)
        builder.setupGlyphOrder(order)
        builder.setupCharacterMap(cmap)
        builder.setupGlyf(outlines)
        bearings = {name: getattr(outlines[name], "xMin", 0) for name in order}
        builder.setupHorizontalMetrics(
            {name: (round(glyphs[name].width), bearings[name]) for name in order}
        )
        hhea = source["hhea"]
        builder.setupHorizontalHeader(ascent=hhea.ascent, descent=hhea.descent)
        builder.setupOS2(usWeightClass=int(weight), sCapHeight=source["OS/2"].sCapHeight)
        builder.setupNameTable({"familyName": "Noto Sans CJK", "styleName": weight.name.title()})
        builder.setupPost()
    saved = BytesIO()
    builder.save(saved)
    return saved.getvalue()


def _quadratic(outline: Any) -> Glyph:
    pen = TTGlyphPen(None)
    outline.draw(Cu2QuPen(pen, _MAX_CURVE_ERROR, reverse_direction=True))
    return pen.glyph()


def _regional_form(text: str) -> int:
    """Which member of the collection draws Han characters as the text's readers write them."""
    scripts = {unicodedata.script(char) for char in text}
    if scripts & {"Hira", "Kana"}:
        return 0  # Japanese
    return 1 if "Hang" in scripts else 2  # Korean, else simplified Chinese


def _open(face: str, member: int = 0) -> TTFont:
    if face == CJK:
        path = Path(str(files("manimgx_fonts_cjk"))) / "NotoSansCJK-VF.otf.ttc"
    else:
        path = Path(str(files("manimgx_fonts"))) / f"{face}[wght].ttf"
    return TTFont(path, fontNumber=member, lazy=True, recalcTimestamp=False)
