"""The characters of a cell in their plain form, without changing what it says."""

import re

FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
SAME_SIGN = {
    **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014\u2015\ufe63", "-"),
    **dict.fromkeys("\u2018\u2019\u02bc\u2032\u00b4", "'"),
    **dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "
    ),
    **dict.fromkeys("\ufeff\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060", ""),
    **{"\uffe5": "¥", "\uffe1": "£", "\uffe6": "₩", "\ufe69": "$", "\ufe50": ",", "\ufe52": ".", "\u3002": "."},
    **{"\ufe59": "(", "\ufe5a": ")", "\u3010": "[", "\u3011": "]", "\u2f49": "月", "\u2f47": "日"},
    **{"萬": "万", "億": "亿", "幣": "币", "圓": "圆", "歐": "欧", "臺": "台", "稅": "税", "無": "无", "暫": "暂"},
    **{"號": "号", "時": "时", "點": "点", "單": "单", "價": "价", "額": "额", "總": "总", "費": "费"},
}
PLAIN = str.maketrans({**{chr(code): chr(other) for code, other in FULL_WIDTH.items()}, **SAME_SIGN})
AS_TEXT = re.compile(r"""^(?:="(.*)"|'(?=.)(.*))$""", re.DOTALL)


def plain_text(text: str) -> str:
    """Turn full-width, look-alike and invisible characters into plain ones; take text out of ``="..."``.

    Raised and circled digits stay as they are: they would change the number.

    Examples
    --------
    >>> plain_text(" １２３４．５ "), plain_text('="0004"'), plain_text("5²")
    ('1234.5', '0004', '5²')
    """
    found = (text if text.isascii() else text.translate(PLAIN)).strip()
    match = AS_TEXT.match(found)
    return (match[1] or match[2] or "").strip() if match else found
