"""Every script a name may be written in has a face, and the cut down face has every glyph."""

from io import BytesIO

import pytest
import uharfbuzz as hb
from fontTools.ttLib import TTFont

from lib.paper.fonts import Weight, coverage, face_for, static_font
from lib.paper.text import graphemes

NAMES = {
    "Latin": "Žofia Müller-Świątek",
    "Vietnamese": "Nguyễn Thị Ánh",
    "Greek": "Ελένη Παπαδοπούλου",
    "Cyrillic": "Юлія Ковальчук",
    "Arabic": "شركة مُحَمَّد",
    "Hebrew": "חברת אימון",
    "Devanagari": "वित्तीय क्षत्रिय",
    "Bengali": "আর্থিক উপদেষ্টা",
    "Tamil": "நிதி ஆலோசகர்",
    "Thai": "ที่ปรึกษาการเงิน",
    "Ethiopic": "የፋይናንስ አማካሪ",
    "Georgian": "ფინანსური მრჩეველი",
    "Armenian": "Ֆինանսական",
    "Khmer": "ទីប្រឹក្សាហិរញ្ញវត្ថុ",
    "Chinese": "财务顾问公司",
    "Japanese": "株式会社アカデミア「東京」",
    "Korean": "재무 상담사",
    "Emoji": "👩\u200d🚀❤️👍🏽⚠",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_in_this_script_is_shaped_without_a_missing_glyph(name: str) -> None:
    face = face_for(graphemes(name)[0], None)
    assert face
    words = [word for word in name.split() if set(word) - coverage(face) <= {"\u200d"}]
    assert words == name.split()
    font = hb.Font(hb.Face(static_font(face, Weight.REGULAR, frozenset(name))))
    for word in words:
        buffer = hb.Buffer()
        buffer.add_str(word)
        buffer.guess_segment_properties()
        hb.shape(font, buffer)
        assert 0 not in [glyph.codepoint for glyph in buffer.glyph_infos]


def test_a_tamil_vowel_of_two_parts_goes_around_its_letter() -> None:
    name = "கொ"
    font = TTFont(BytesIO(static_font("NotoSansTamil", Weight.REGULAR, frozenset(name))))
    assert {0x0BC6, 0x0BBE} <= font.getBestCmap().keys()


def test_a_cut_down_face_is_static_and_small() -> None:
    latin = static_font("NotoSans", Weight.BOLD, frozenset("Total $1,234.50"))
    font = TTFont(BytesIO(latin))
    assert "fvar" not in font
    assert "gvar" not in font
    assert len(latin) < 20_000


def test_chinese_outlines_are_redrawn_as_truetype_at_both_weights() -> None:
    stems = []
    for weight in Weight:
        font = TTFont(BytesIO(static_font("NotoSansCJK", weight, frozenset("一"))))
        glyph = font["glyf"][font.getBestCmap()[ord("一")]]
        stems.append(glyph.yMax - glyph.yMin)
    assert 0 < stems[0] < stems[1]


def test_a_japanese_bracket_stays_in_the_right_half_of_its_square() -> None:
    font = TTFont(BytesIO(static_font("NotoSansCJK", Weight.REGULAR, frozenset("「"))))
    name = font.getBestCmap()[ord("「")]
    width, bearing = font["hmtx"][name]
    assert width == 1000
    assert bearing == font["glyf"][name].xMin > 500


def test_the_figures_of_the_base_face_are_all_as_wide() -> None:
    font = TTFont(BytesIO(static_font("NotoSans", Weight.REGULAR, frozenset("0123456789"))))
    assert len({font["hmtx"][font.getBestCmap()[ord(digit)]][0] for digit in "0123456789"}) == 1


def test_a_character_of_no_script_we_print_has_no_face() -> None:
    assert face_for("\U000f0000", None) is None
    assert face_for("\ud800", None) is None
