"""The companies of the sample market. All are invented: symbols, names and numbers belong to nobody."""

from __future__ import annotations

from typing import Final, NamedTuple


class Company(NamedTuple):
    """An invented company.

    Attributes
    ----------
    symbol : its symbol at the end
    name : its name; says that it is fictional
    sector : industry, in the exchange's words
    """

    symbol: str
    name: str
    sector: str


_AUTO: Final = "Automobile and Auto Components"
_BUILD: Final = "Construction Materials"
_CAPITAL: Final = "Capital Goods"
_CHEM: Final = "Chemicals"
_FINANCE: Final = "Financial Services"
_FMCG: Final = "Fast Moving Consumer Goods"
_HEALTH: Final = "Healthcare"
_IT: Final = "Information Technology"
_METAL: Final = "Metals & Mining"
_POWER: Final = "Power"
_SERVICE: Final = "Services"
_TEXTILE: Final = "Textiles"

# The stories of the market are told by the first ten, so that the smallest sample has them too.
SPLIT: Final = "INDRAVAT"
BONUS: Final = "KAVERYA"
RENAMED: Final = "MIRUSOFT"
FORMER_SYMBOL: Final = "MIRUNDI"
FORMER_NAME: Final = "Mirundi Datatech Ltd. (fictional)"
DELISTED: Final = "WARDGLAS"
LISTED_LATE: Final = "TARANGTL"
ILLIQUID: Final = "GAVYA"

_TABLE: Final = (
    ("INDRAVAT", "Indravat Finance", _FINANCE),
    ("KAVERYA", "Kaverya Cables", _CAPITAL),
    ("MIRUSOFT", "Mirundi Systems", _IT),
    ("WARDGLAS", "Wardhana Glass", _BUILD),
    ("TARANGTL", "Tarangini Telecom", _SERVICE),
    ("GAVYA", "Gavyaa Fertilisers", _CHEM),
    ("LUMBRA", "Lumbra Lighting", _CAPITAL),
    ("CORALIS", "Coralis Health", _HEALTH),
    ("BHAVRA", "Bhavra Motors", _AUTO),
    ("ARUVI", "Aruvi Foods", _FMCG),
    ("CHANDOL", "Chandola Cement", _BUILD),
    ("DEVSAR", "Devsar Pharma", _HEALTH),
    ("EKANTHA", "Ekantha Power", _POWER),
    ("FALGCHEM", "Falgun Chemicals", _CHEM),
    ("GIRNAVAL", "Girnaval Ports", _SERVICE),
    ("HIMSAR", "Himsar Agro", _FMCG),
    ("JHELVI", "Jhelvi Logistics", _SERVICE),
    ("MARUVAN", "Maruvan Infra", _CAPITAL),
    ("NALVISOFT", "Nalvi Software", _IT),
    ("OJASLABS", "Ojasvi Bio Labs", _HEALTH),
    ("PRANVI", "Pranvi Retail", _SERVICE),
    ("QUILON", "Quillonde Hotels", _SERVICE),
    ("RAVINDEL", "Ravindel Bank", _FINANCE),
    ("SATVIKTL", "Satvika Tools", _CAPITAL),
    ("TALVAR", "Talvara Defence", _CAPITAL),
    ("UDHAYST", "Udhaya Steelworks", _METAL),
    ("VANSHIL", "Vanshila Textiles", _TEXTILE),
    ("YAMUNIW", "Yamuni Water", _SERVICE),
    ("ZELKAR", "Zelkara Jewels", _TEXTILE),
    ("AMRITDRY", "Amritva Dairy", _FMCG),
    ("BINDPOLY", "Bindhu Polymers", _CHEM),
    ("DHRUVCAP", "Dhruvant Capital", _FINANCE),
    ("KESHTECH", "Keshtra Tech", _IT),
    ("NEELBANK", "Neelabha Bank", _FINANCE),
    ("SURYABAT", "Suryavat Batteries", _AUTO),
    ("VYOMAIR", "Vyomika Air", _SERVICE),
    ("AVNIRTEX", "Avnira Textiles", _TEXTILE),
    ("BRAHVEL", "Brahvela Engineering", _CAPITAL),
    ("CHARVIN", "Charvinda Cosmetics", _FMCG),
    ("DRONVIK", "Dronvika Forgings", _AUTO),
    ("EVANTRA", "Evantra Diagnostics", _HEALTH),
    ("FENVARA", "Fenvara Paints", _CHEM),
    ("GHATVEL", "Ghatvela Minerals", _METAL),
    ("HARITVAN", "Haritvana Power", _POWER),
    ("ISHVELA", "Ishvela Insurance", _FINANCE),
    ("JALORVA", "Jalorva Solar", _POWER),
    ("KOVIDRA", "Kovidra Analytics", _IT),
    ("LOHITVA", "Lohitva Alloys", _METAL),
    ("MEGHVEL", "Meghvela Networks", _IT),
    ("NIRJHARA", "Nirjhara Beverages", _FMCG),
    ("ORVIKA", "Orvika Tyres", _AUTO),
    ("PUSHKIRA", "Pushkira Spinning", _TEXTILE),
    ("ROHVANTA", "Rohvanta Finance", _FINANCE),
    ("SHYAMVEL", "Shyamvela Pumps", _CAPITAL),
    ("TRINAVA", "Trinava Lifesciences", _HEALTH),
    ("UJJVELA", "Ujjvela Cement", _BUILD),
    ("VARDHIKA", "Vardhika Housing Finance", _FINANCE),
    ("WANVERA", "Wanvera Shipping", _SERVICE),
    ("YASHVIRA", "Yashvira Ceramics", _BUILD),
    ("ZARVANA", "Zarvana Motors", _AUTO),
)

# The others, up to a whole exchange, take their names from two lists.
_BEGINNINGS: Final = (
    "Zenvu", "Okrav", "Yulmi", "Vexan", "Qorim", "Drulva", "Fyonta", "Hazqui", "Ixvara", "Jovrun", "Kwelba", "Nuxori",
    "Pyrvan", "Thovli", "Wuzari",
)  # fmt: skip
_ENDS: Final = (
    ("lo", "Finance", _FINANCE), ("dex", "Cables", _CAPITAL), ("tix", "Software", _IT), ("ran", "Cement", _BUILD),
    ("vok", "Logistics", _SERVICE), ("mir", "Chemicals", _CHEM), ("sun", "Remedies", _HEALTH), ("gar", "Motors", _AUTO),
    ("pel", "Foods", _FMCG), ("zin", "Steel", _METAL), ("wat", "Energy", _POWER), ("lum", "Fabrics", _TEXTILE),
    ("bro", "Bank", _FINANCE), ("quo", "Machines", _CAPITAL), ("nyx", "Clinics", _HEALTH), ("fod", "Stores", _SERVICE),
)  # fmt: skip
_MORE: Final = tuple(
    (f"{begin}{end}".upper(), f"{begin}{end} {trade}", sector) for end, trade, sector in _ENDS for begin in _BEGINNINGS
)

COMPANIES: Final = tuple(
    Company(symbol, f"{name} Ltd. (fictional)", sector) for symbol, name, sector in (*_TABLE, *_MORE)
)
STORIED: Final = len(_TABLE)  # the first so many have stories of their own; the others draw theirs


def former_symbol(symbol: str) -> str:
    """The symbol one of the others had before it was renamed."""
    return f"{symbol[:3]}{symbol[-3:]}OLD"


def former_name(name: str) -> str:
    """The name that went with it."""
    return f"{name.split()[0]} Old Industries Ltd. (fictional)"


def isin(number: int, issue: int) -> str:
    """An invented ISIN with a right check digit. `INX` is no prefix that the country's registrar gives to shares."""
    body = f"INX{number:03d}S01{issue:02d}"
    digits = "".join(str(int(character, 36)) for character in body)
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return f"{body}{-total % 10}"
