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
from unicodedata import normalize

import uharfbuzz as hb
from fontTools import subset, unicodedata
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph
from fontTools.varLib import instancer

from lib.paper.text import ZERO_WIDTH_JOINERS

REPLACEMENT = "\ufffd"  # shown for a character that no face has
LATIN = frozenset(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x2010, 0x2028)))) | {
    "€",
    "−",
    REPLACEMENT,
    *ZERO_WIDTH_JOINERS,
}
BASE = "NotoSans"
CJK = "NotoSansCJK"
_SYMBOLS = ("NotoSansSymbols", "NotoEmoji")
# Shaping puts these in: for what is invisible, for a lone mark, for half of a Khmer vowel.
_ALWAYS = frozenset(" ◌\u17c1")
_MAX_CURVE_ERROR = 1.0  # font units of 1000: what turning a cubic curve into quadratic ones costs
_YEAR_1970 = 2_082_844_800  # in seconds since 1904, as fonts count: a fixed date, not today's
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
    return frozenset(map(chr, hb.Face(hb.Blob.from_file_path(_path(face))).unicodes))


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
    with TTFont(_path(face), lazy=True, recalcTimestamp=False) as font:
        cutter.subset(font)
        instancer.instantiateVariableFont(font, {"wght": weight}, inplace=True, static=True)
        saved = BytesIO()
        font.save(saved)
    return saved.getvalue()


def _redrawn(weight: Weight, characters: list[str]) -> bytes:
    """A font of just these characters, with outlines and widths as HarfBuzz reads them."""
    member = _regional_form("".join(characters))
    face = hb.Face(hb.Blob.from_file_path(_path(CJK)), member)
    source = hb.Font(face)
    source.set_variations({"wght": weight})
    cmap = {ord(char): f"u{ord(char):04X}" for char in characters}
    sources = {".notdef": 0} | {name: source.get_nominal_glyph(c) for c, name in cmap.items()}
    outlines = {name: _quadratic(source, glyph) for name, glyph in sources.items()}
    widths = {name: source.get_glyph_h_advance(glyph) for name, glyph in sources.items()}
    line = source.get_font_extents("ltr")
    builder = FontBuilder(face.upem)
    builder.font.recalcTimestamp = False
    builder.setupHead(unitsPerEm=face.upem, created=_YEAR_1970, modified=_YEAR_1970)
    builder.setupGlyphOrder(list(sources))
    builder.setupCharacterMap(cmap)
    builder.setupGlyf(outlines)  # which measures them: only now has an outline its left edge
    bearings = {name: getattr(outline, "xMin", 0) for name, outline in outlines.items()}
    builder.setupHorizontalMetrics({name: (widths[name], bearings[name]) for name in sources})
    builder.setupHorizontalHeader(ascent=line.ascender, descent=line.descender)
    cap_height = source.get_metric_position(hb.OTMetricsTag.CAP_HEIGHT)
    builder.setupOS2(usWeightClass=int(weight), sCapHeight=cap_height)
    builder.setupNameTable({"familyName": "Noto Sans CJK", "styleName": weight.name.title()})
    builder.setupPost()
    saved = BytesIO()
    builder.save(saved)
    return saved.getvalue()


def _quadratic(source: hb.Font, glyph: int) -> Glyph:
    pen = TTGlyphPen(None)
    source.draw_glyph_with_pen(glyph, Cu2QuPen(pen, _MAX_CURVE_ERROR, reverse_direction=True))
    return pen.glyph()


def _regional_form(text: str) -> int:
    """Which member of the collection draws Han characters as the text's readers write them."""
    scripts = {unicodedata.script(char) for char in text}
    if scripts & {"Hira", "Kana"}:
        return 0  # Japanese
    return 1 if "Hang" in scripts else 2  # Korean, else simplified Chinese


def _path(face: str) -> Path:
    if face == CJK:
        return Path(str(files("manimgx_fonts_cjk"))) / "NotoSansCJK-VF.otf.ttc"
    return Path(str(files("manimgx_fonts"))) / f"{face}[wght].ttf"
