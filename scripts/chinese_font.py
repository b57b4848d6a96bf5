"""Make the font for Chinese that the package ships: a subset of Noto Sans CJK SC under a name of its own.

    python scripts/chinese_font.py NotoSansCJK-Regular.ttc ltv_bayes/plots/fonts

It keeps the characters of GB 2312 (both levels, punctuation, full-width forms), those of names that it lacks, and
Latin letters; what only typesetting needs (hints, vertical text, features) is dropped.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection

SOURCE = "Noto Sans CJK SC"
FAMILY, FILE = "LTV Sans SC", "LTVSansSC-Regular"
DESCRIPTION = "Subset of Noto Sans CJK SC 2.004 for the pictures of ltv_bayes: GB 2312, without hints and features."
NAMES_OF_PEOPLE = "喆堃祎玥珺昇瑄璟翀旸晞甯劼垚淏頔囍煊熠翛赟琎昉炘烜晙珩琤玚瑀璘钰镕镔骐骕"
MONEY = "￥¥€£"
NAMES_KEPT = (0, 7, 8, 9, 11, 13, 14)
ROWS = [*range(0xA1, 0xA9), *range(0xB0, 0xF8)]
"""Of GB 2312: punctuation, numbers, full-width forms, kana, Greek, Cyrillic, pinyin, and both levels of characters."""


def characters() -> Iterator[str]:
    """Every character that the font is to have."""
    for row in ROWS:
        for place in range(0xA1, 0xFF):
            yield from bytes([row, place]).decode("gb2312", errors="ignore")
    yield from NAMES_OF_PEOPLE + MONEY
    yield from map(chr, range(0x20, 0x7F))


def subset(path: Path) -> Any:
    """The font with what is kept."""
    font = next(one for one in TTCollection(path).fonts if one["name"].getDebugName(1) == SOURCE)
    options = Options(layout_features=[], hinting=False, desubroutinize=False, name_IDs=list(NAMES_KEPT))
    options.drop_tables += ["VORG", "vhea", "vmtx", "BASE", "GSUB", "GPOS", "GDEF"]
    options.notdef_outline = True
    shorter = Subsetter(options)
    shorter.populate(text="".join(characters()))
    shorter.subset(font)
    return font


def rename(font: Any) -> None:
    """Give the font a name of its own; copyright, trademark and licence stay."""
    version = font["name"].getDebugName(5) or "Version 2.004"
    texts = {1: FAMILY, 2: "Regular", 3: f"{FILE};{DESCRIPTION}", 4: FAMILY, 5: version, 6: FILE, 10: DESCRIPTION}
    for number, text in texts.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    tables = font["CFF "].cff
    tables.fontNames = [FILE]
    tables.topDictIndex[0].FullName, tables.topDictIndex[0].FamilyName = FAMILY, FAMILY


def main(source: str, folder: str) -> None:
    """Write the font."""
    font = subset(Path(source))
    rename(font)
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    target = Path(folder) / f"{FILE}.otf"
    font.save(target)
    print(f"{target}: {len(font.getBestCmap()):,} characters, {target.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
