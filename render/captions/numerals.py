"""Numbers in a text, however they are written: digits of any script, number words, Roman numerals.

English, Polish, Czech and Korean words are looked for in every text, whatever its language, except for the few that are
ordinary words of the text's own (Polish "ten" is "this"). What cannot be told from an ordinary word, such as Korean 이,
counts as a number only where a counting word follows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from render.captions.texts import Language

Found = tuple[str, Decimal | None]
"""A number as it stands in the text, and its value; None where no input holds such a number."""

DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
ROMAN = re.compile(r"\b(?=[IVXLCDM]{2})M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\b")
SMALL_ROMAN = re.compile(r"\b(?=[ivx]{2})x{0,3}(?:ix|iv|v?i{0,3})\b")
ONE_LETTER = re.compile(r"\b[VXLCDM]\b(?!-)")
GLUED = re.compile(r"\d[a-z]|[a-z]\d", re.IGNORECASE)
"""A figure that is part of a word: a catalogue's number, or a letter that stands in for a figure."""
WORD = re.compile(r"[^\W\d_]+")

EN_VALUES = (
    (0, "zero nought naught"),
    (1, "one once"),
    (2, "two second twice double pair couple"),
    (3, "three third thrice triple trio"),
    (4, "four fourth quarter quadruple"),
    *enumerate(
        ("five fifth", "six", "seven", "eight eighth", "nine ninth", "ten", "eleven", "twelve twelfth dozen"), 5
    ),
    *enumerate(("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty score"), 13),
    *((10 * n, word) for n, word in enumerate(("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), 3)),
    *((10**n, word) for n, word in ((2, "hundred"), (3, "thousand"), (6, "million"), (9, "billion"), (12, "trillion"))),
)
EN: dict[str, int] = {word: value for value, words in EN_VALUES for word in words.split()}
EN_IDIOMS = re.compile(
    r"\b(?:no one|this one|that one|each one|which one|the \w+ one|one another|one sees|"
    r"one (?:can|could|may|might|would)|at once|second look|at one with)\b"
)
"""Where "one" counts nothing."""
EN_ENDINGS = re.compile(r"(?:fold|some|th|ths|s|ieth|ieths|ies)$")
HALF = {"half": "en", "halves": "en", "połowa": "pl", "połowę": "pl", "połowy": "pl", "połową": "pl", "pół": "pl"} | {
    "polovina": "cs",
    "polovinu": "cs",
    "poloviny": "cs",
    "polovině": "cs",
    "polovinou": "cs",
    "půl": "cs",
}

PL: tuple[tuple[str, int | None], ...] = (
    (r"zero|zera", 0),
    (r"jeden|jedn[aoeią]|jednego|jednej|jednemu|jednym|jednymi|jednokrotn\w*", 1),
    (
        r"dwa|dwie|dwóch|dwu|dwom|dwoma|dwiema|dwoje|dwojga|dwukrotn\w*|podwójn\w*|par[aęyąo]|drug(?:i|a|ie|iego|iej|ą|im|imi|ich)",
        2,
    ),
    (r"trzy|trzech|trzem|trzema|troje|trojga|trójk\w*|trzykrotn\w*|potrójn\w*|trzeci\w*", 3),
    (r"cztery|czterech|czterem|czterema|czworo|czwórk\w*|czterokrotn\w*|czwart\w*|ćwierć|ćwierci", 4),
    (r"pięć|pięciu|pięcioma|pięcioro|piątk\w*|pięciokrotn\w*|piąt[aeyąi]\w{0,3}", 5),
    (r"sześć|sześciu|sześcioma|sześciokrotn\w*|szóst\w*", 6),
    (r"siedem|siedmiu|siedmioma|siódm\w*", 7),
    (r"osiem|ośmiu|ośmioma|ósm\w*", 8),
    (r"dziewięć|dziewięciu|dziewięcioma|dziewiąt\w*", 9),
    (r"dziesięć|dziesięciu|dziesięcioma|dziesięciokrotn\w*|dziesiąt\w*", 10),
    (
        r"sto|stu|setk(?:a|i|ę|ą|om|ami|ach)|setek|setn\w+|dwieście|dwustu|trzysta|trzystu|czterysta|czterystu|\w+ięćset|sześćset|siedemset|osiemset",
        None,
    ),
    (r"tysiąc\w*|tysięc\w*|milion\w*|miliard\w*|bilion\w*|biliard\w*|tuzin\w*", None),
)
CS: tuple[tuple[str, int | None], ...] = (
    (r"nula|nuly|nulu", 0),
    (r"jeden|jedna|jedno|jednoho|jedné|jednu|jednom|jedním|jednomu|jednou", 1),
    (r"dva|dvě|dvou|dvěma|dvakrát|dvojnásob\w*|dvojit\w*|dvojic\w*|pár", 2),
    (r"tři|tří|třem|třemi|třech|třikrát|trojnásob\w*|trojit\w*|trojic\w*|třetin\w*|třetí\w*", 3),
    (r"čtyři|čtyř|čtyřem|čtyřmi|čtyřech|čtyřikrát|čtvrt\w{0,4}|čtvrtin\w*|čtveřic\w*", 4),
    (r"pět|pěti|pětic\w*|pětkrát|pětin\w*|pát(?:ý|á|é|ého|ém|ou)", 5),
    (r"šest|šesti|šestin\w*|šest(?:ý|á|é|ého)", 6),
    (r"sedm|sedmi|sedmin\w*|sedm(?:ý|á|é|ého)", 7),
    (r"osm|osmi|osmin\w*|osm(?:ý|á|é|ého)", 8),
    (r"devět|devíti|devítin\w*|devát\w+", 9),
    (r"deset|deseti|desetkrát|desetin\w*|desát\w+|desítk\w+|desítek", 10),
    (r"(?:dva|tři|čtyři)cet\w*|(?:pade|šede|sedmde|osmde|deva?de)sát\w*|\w+cát(?:ý|á|é|ého)", None),
    (r"sto|set|sta|stě|stech|třista|čtyřista|dvěstě|stovk\w+|stovek|setin\w*", None),
    (r"tisíc\w*|mili[oó]n\w*|miliard\w*|bilion\w*|biliard\w*|tucet|tuct\w+", None),
)
ENDINGS = {
    "pl": re.compile(
        r"\w+naście|\w+nastu|\w+nastoma|\w+nast[aey]\w{0,3}|(?:dwa|trzy|czter)\w*dzieści\w*|\w+dziestu|"
        r"\w+dziest[aey]\w{0,3}|\w+dziesiąt\w*|\w+dziesięciu"
    ),
    "cs": re.compile(r"\w+náct|\w+nácti|\w+nást\w*|\w+nact\w*|\w+set"),
}
"""What larger numbers end in; looked for where English is not: "dynasty", "sunset"."""
_KO_UNITS = "일이삼사오육칠팔구"
_KO_BELOW = f"(?:[{_KO_UNITS}]?천)?(?:[{_KO_UNITS}]?백)?(?:[{_KO_UNITS}]?십)?[{_KO_UNITS}]?"
_KO_COUNTED = "광년|년|퍼센트|프로|킬로미터|미터|파섹|개월|세기|배|개|번|회|도"
_KO_THINGS = (
    "개|배|번|쌍|줄기|가닥|갈래|겹|곳|군데|조각|점|팔|나선팔|별|은하|광년|해|살|명|마리|층|송이|덩이|덩어리|무리|색|방향|"
    "종류|가지"
)
_KO_FIRST = f"(?=[{_KO_UNITS}십백천])"
KO_LONG = re.compile(
    rf"(?<![가-힣])(?!구조|사이|이상|이만|천일|만일|오만)"
    rf"(?:{_KO_FIRST}{_KO_BELOW}조)?(?:{_KO_FIRST}{_KO_BELOW}억)?(?:{_KO_FIRST}{_KO_BELOW}만)?{_KO_BELOW}"
    rf"(?=\s*(?:{_KO_COUNTED}|{_KO_THINGS})|[을를은는이가의]?(?![가-힣]))"
)
"""A well-formed number of Chinese words, before a counting word or as a word of its own: two syllables at least, since
one is mostly an ordinary word.
"""
KO: tuple[tuple[str, int | None], ...] = (
    (r"(?<![가-힣])(?:수|몇)\s?(?:십|백|천|만|억|조)+", None),
    (rf"(?<![가-힣])[{_KO_UNITS}영십백천만억조](?=\s*(?:광년|년|퍼센트|킬로미터|미터|파섹|개월|세기|배))", None),
    (rf"(?<![가-힣])(?:백|천|만|억|조)(?=\s*(?:{_KO_THINGS}))", None),
    (r"(?<![가-힣])하나(?![가-힣]*[같])|"
     r"(?<![가-힣])한(?=\s*(?:개|배|번|쌍|줄기|가닥|갈래|겹|곳|군데|조각|팔)(?![가-힣]))", 1),
    (rf"(?<![가-힣])둘(?!러|레)|(?<![가-힣])두(?=\s*(?:{_KO_THINGS}))|(?<![가-힣])쌍(?=을|으로|의)", 2),
    (rf"(?<![가-힣])셋|(?<![가-힣])(?:세|석|서너)(?=\s*(?:{_KO_THINGS}))", 3),
    (rf"(?<![가-힣])넷|(?<![가-힣])(?:네|넉)(?=\s*(?:{_KO_THINGS}))", 4),
    (r"(?<![가-힣])(?:다섯|대여섯|여섯|일곱|여덟|아홉|스물|스무|서른|마흔|쉰|예순|일흔|여든|아흔|"
     r"열\s?(?:하나|한|둘|두|셋|세|넷|네|다섯|여섯|일곱|여덟|아홉))", None),
    (rf"(?<![가-힣])열(?=\s*(?:{_KO_THINGS}))", 10),
    (r"(?<![가-힣])(?:절반|반)(?=[을은의이가에 ])", None),
)  # fmt: skip
NOT_HERE: dict[Language, frozenset[str]] = {
    "en": frozenset({"set", "sta", "para", "paro", "pary"}),
    "pl": frozenset({"ten", "one", "pair", "once"}),
    "cs": frozenset({"ten", "one", "par", "para"}),
    "ko": frozenset(),
}
"""Number words of another language that are ordinary words of this one."""

_SLAVIC = {
    "pl": [(re.compile(pattern), value) for pattern, value in PL],
    "cs": [(re.compile(pattern), value) for pattern, value in CS],
}
_KOREAN = [(re.compile(pattern), value) for pattern, value in KO]


def numbers(text: str, language: Language = "en") -> list[Found]:
    """Every number in a text of that language."""
    plain = unicodedata.normalize("NFKC", text)
    return [*_figures(text, plain), *_roman(plain), *_words(plain, language), *_korean(plain)]


def value_of(figures: str) -> Decimal | None:
    """`0.62`, `0,62` and `4,458` as numbers: a comma is a decimal one unless exactly three figures follow."""
    parts = re.split(r"[.,]", figures)
    if len(parts) > 2 or (len(parts) == 2 and "," in figures and len(parts[1]) == 3 and parts[0] != "0"):
        figures = "".join(parts)
    try:
        return Decimal(figures.replace(",", ".")).normalize()
    except InvalidOperation:
        return None


def _figures(text: str, plain: str) -> Iterator[Found]:
    yield from ((found, value_of(found)) for found in DIGITS.findall(plain))
    yield from ((found, None) for found in GLUED.findall(plain))
    for character in text:  # circled, superscript and Chinese ones, fractions, Roman ones with a sign of their own
        if not character.isascii() and unicodedata.numeric(character, None) is not None:
            yield character, None


def _roman(plain: str) -> Iterator[Found]:
    for pattern in (ROMAN, SMALL_ROMAN, ONE_LETTER):
        yield from ((found.group(), None) for found in pattern.finditer(plain))


def _words(plain: str, language: Language) -> Iterator[Found]:
    lowered = plain.casefold()
    for found in WORD.finditer(EN_IDIOMS.sub(" ", lowered)):
        word = found.group()
        if word not in NOT_HERE[language] and (value := _english(word)) is not None:
            yield word, Decimal(value).normalize()
    for found in WORD.finditer(lowered):
        word = found.group()
        if word in HALF:
            yield word, Decimal("0.5")
        if word in NOT_HERE[language]:
            continue
        for other, patterns in _SLAVIC.items():
            for pattern, value in patterns:
                if pattern.fullmatch(word):
                    yield word, None if value is None else Decimal(value).normalize()
            if (language != "en" or not word.isascii()) and ENDINGS[other].fullmatch(word):
                yield word, None


def _english(word: str) -> int | None:
    if word in EN:
        return EN[word]
    stem = EN_ENDINGS.sub("", word)
    return EN.get(stem, EN.get(f"{stem}y")) if stem != word else None


def _korean(plain: str) -> Iterator[Found]:
    yield from ((found.group(), None) for found in KO_LONG.finditer(plain) if len(found.group()) > 1)
    for pattern, value in _KOREAN:
        for found in pattern.finditer(plain):
            yield found.group(), None if value is None else Decimal(value).normalize()
