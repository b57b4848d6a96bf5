"""Companies with known truth, and their names as several systems write them: knows nothing of the package."""

import unicodedata

import numpy as np
import pandas as pd

BEGINNINGS, ENDS = "b|d|f|g|h|k|l|m|n|p|r|s|t|v|w|br|st|kl", "a|e|i|o|u|an|er|in|ol"
SYLLABLES = [a + b for a in BEGINNINGS.split("|") for b in ENDS.split("|")]
TRADES = {
    "en": "Medical Devices|Logistics|Consulting|Office Supplies|Software|Machine Tools|Packaging|Foods|Textiles|Energy",
    "de": "Maschinenbau|Bürotechnik|Medizintechnik|Spedition|Verpackungen|Elektro|Werkzeuge|Bau|Druckerei|Möbel",
    "fr": "Conseil|Transports|Emballages|Services Informatiques|Matériel Médical|Bâtiment|Imprimerie|Énergies",
    "zh": "科技|信息技术|医疗器械|智能装备|物流|建筑工程|食品|贸易|电子|新材料|文化传媒|机械制造",
}
FORMS = {
    "en": ["Ltd", "Ltd.", "Limited", "LTD", "Co., Ltd.", "Inc.", "Incorporated", "LLC"],
    "de": ["GmbH", "GMBH", "GmbH & Co. KG", "AG", "gmbh"],
    "fr": ["S.A.", "SA", "SARL", "S.A.R.L.", "SAS"],
    "zh": ["有限公司", "有限责任公司", "股份有限公司", "集团有限公司"],
}
FIRST_CHARACTERS = "华中天金东鑫宏恒瑞博德信安泰盛美嘉凯瑞科远达智云海星光龙凤福禄永和平正大众益民康健乐佳欣亿万"
CITIES = {
    "en": ["London", "Chicago", "Boston", "Sydney", "Toronto"],
    "de": ["Berlin", "Hamburg", "München", "Köln", "Leipzig"],
    "fr": ["Paris", "Lyon", "Lille", "Nantes", "Bordeaux"],
    "zh": ["上海", "北京", "深圳", "成都", "武汉", "苏州"],
}
BRANCHES = {"en": "Branch", "de": "Niederlassung", "fr": "Agence", "zh": "分公司"}
LETTERS = "ABCDEFGHJKLMNPQRTUWXY"
CODE = "0123456789" + LETTERS
KINDS = ("as is", "form", "case and width", "punctuation", "order", "typo", "dropped word", "accents")
ONLY_WRITTEN = ("as is", "form", "case and width", "punctuation", "order", "accents")
"""Kinds of writing that change nothing of the name."""


def credit_code(random):
    """A unified social credit code: the weights of GB 32100-2015 as its table lists them."""
    weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
    body = "91" + "".join(random.choice(list("0123456789"), 6)) + "".join(random.choice(list(CODE), 9))
    rest = 31 - sum(CODE.index(char) * weight for char, weight in zip(body, weights, strict=True)) % 31
    return body + CODE[rest % 31]


def record_id(random):
    """A Salesforce id of 18 characters, whose last three tell capital letters, by reversed binary digits."""
    body = "001" + "".join(random.choice(list("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"), 12))
    bits = ["".join("1" if char.isupper() else "0" for char in body[s : s + 5][::-1]) for s in (0, 5, 10)]
    return body + "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[int(five, 2)] for five in bits)


def companies(number, random):
    """One row a customer: companies, and branches of some of them, which are customers of their own."""
    rows = []
    for company in range(number):
        language = str(random.choice(["en", "de", "fr", "zh"], p=[0.35, 0.2, 0.1, 0.35]))
        trade = str(random.choice(TRADES[language].split("|")))
        if language == "zh":
            name = "".join(random.choice(list(FIRST_CHARACTERS), random.integers(2, 4)))
        else:
            name = " ".join(
                "".join(random.choice(SYLLABLES, random.integers(2, 4))).title() for _ in range(random.integers(1, 3))
            )
        own = {"company": company, "language": language, "name": name, "trade": trade, "city": "", "number": ""}
        rows.append(own)
        if random.random() < 0.15:
            if random.random() < 0.5:
                cities = random.choice(CITIES[language], random.integers(2, 4), replace=False)
                rows += [own | {"city": str(city)} for city in cities]
            else:
                rows += [own | {"number": str(place)} for place in random.choice(np.arange(1, 40), 3, replace=False)]
    return pd.DataFrame(rows)


def written(row, kind, random):
    """Write a customer's name in one way."""
    language, form = row["language"], str(random.choice(FORMS[row["language"]]))
    if kind != "form":
        form = FORMS[language][0]
    name, trade = row["name"], row["trade"]
    if kind == "typo":
        name = _typo(name, language, random)
    if kind == "dropped word":
        trade = "" if " " not in trade else trade.split()[0]
    if language == "zh":
        tail = f"{row['city']}{_chinese(row['number'])}{BRANCHES['zh']}" if row["city"] or row["number"] else ""
        text = f"{name}{trade}{form}{tail}"
    else:
        parts = [trade, name] if kind == "order" else [name, trade]
        tail = f" {BRANCHES[language]} {row['city'] or row['number']}" if row["city"] or row["number"] else ""
        text = " ".join([*filter(None, parts), form]) + tail
    return _styled(text, kind, random)


def _styled(text, kind, random):
    if kind == "case and width":
        text = text.upper() if random.random() < 0.5 else text.lower()
        return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" and random.random() < 0.3 else c for c in text) + " "
    if kind == "punctuation":
        return f"  {text.replace(' ', '  ')}, " if " " in text else f"{text}。"
    if kind == "accents":
        return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return text


def _typo(name, language, random):
    """Change, drop, double or swap one character."""
    at = int(random.integers(0, len(name)))
    way = int(random.integers(0, 4))
    letter = str(random.choice(list(FIRST_CHARACTERS if language == "zh" else "abcdefghijklmnopqrstuvwxyz")))
    if way == 0:
        return name[:at] + letter + name[at + 1 :]
    if way == 1 and len(name) > 2:
        return name[:at] + name[at + 1 :]
    if way == 2:
        return name[:at] + letter + name[at:]
    other = max(at - 1, 0)
    return name[:other] + name[other : at + 1][::-1] + name[at + 1 :]


def _mistaken(numbers, random):
    """Give one in twenty the number of another."""
    wrong = np.flatnonzero(random.random(len(numbers)) < 0.05)
    given = numbers.copy()
    given[wrong] = numbers[np.roll(wrong, 1)]
    return given


def _chinese(number):
    digits = "零一二三四五六七八九"
    if not number:
        return ""
    tens, ones = divmod(int(number), 10)
    return ("" if tens == 0 else ("" if tens == 1 else digits[tens]) + "十") + (digits[ones] if ones else "")


def systems(number, seed, typos=0.15):
    """Orders, a CRM with records and tax numbers, service with short records, contracts, and billing.

    Contracts have the ids of orders, but one in twenty was given to the wrong customer; billing numbers on its own.

    Returns
    -------
    dict
        Frames by system, with columns customer_id, name, tax (orders and CRM), truth (the customer), kind (how the name
        is written) and company, which several branches have in common.
    """
    random = np.random.default_rng(seed)
    everyone = companies(number, random)
    everyone["tax"] = [credit_code(random) for _ in range(len(everyone))]
    everyone["serial"] = random.permutation(len(everyone)) + 1
    everyone["record"] = [record_id(random) for _ in range(len(everyone))]
    likely = np.full(len(KINDS), (1 - 2 * typos) / (len(KINDS) - 2))
    likely[[KINDS.index("typo"), KINDS.index("dropped word")]] = typos
    found = {}
    for system in ("orders", "crm", "service", "contracts", "billing"):
        there = everyone[random.random(len(everyone)) < 0.75].sample(frac=1, random_state=int(random.integers(1e9)))
        kinds = ["as is"] * len(there) if system == "orders" else list(random.choice(KINDS, len(there), p=likely))
        names = [written(row, kind, random) for (_, row), kind in zip(there.iterrows(), kinds, strict=True)]
        ids = {
            "orders": there["serial"],
            "contracts": _mistaken(there["serial"].to_numpy(), random),
            "billing": range(1, len(there) + 1),
            "crm": there["record"],
            "service": there["record"].str[:15],
        }[system]
        told = (random.random(len(there)) < 0.5) & (system in ("orders", "crm"))
        found[system] = pd.DataFrame(
            {
                "customer_id": list(ids),
                "name": names,
                "tax": there["tax"].where(told),
                "truth": there.index,
                "kind": kinds,
                "company": there["company"].to_list(),
            }
        ).reset_index(drop=True)
    return found
