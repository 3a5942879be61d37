"""Names of real things, which a text about an invented one must not contain: objects, catalogues, genera, telescopes.

Two nets. A list of names, in the languages of the site, that are recognised wherever they stand. And, in languages that
write names with a capital, any capital in the middle of a sentence that the input does not have. A name that is in no
list and stands at the beginning of a sentence slips through both; the prompt forbids it, and nothing else does.
"""

from __future__ import annotations

import re

from render.captions.texts import Language

CATALOGUES = re.compile(
    r"\b(?:NGC|IC|UGC|PGC|ESO|MCG|SDSS|2MASS|2MASX|HD|HIP|Mrk|Markarian|Abell|Arp|LEDA|EFIGI|IRAS|HCG|DDO|KIC|TOI|WASP|"
    r"TRAPPIST|Gliese|GJ|Caldwell|Sharpless|Barnard|PSR|Messier|Kepler|HUDF|GOODS)\b",
    re.IGNORECASE,
)

ANYWHERE = re.compile(
    r"\b(?:andromed\w*|magellan\w*|milky way|drog\w+ mleczn\w+|mleczn\w+ drog\w+|mléčn\w+ dr[aá]h\w*|triangulum\w*|"
    r"solar system|our (?:own |home )?galaxy|local group|(?:sombrero|whirlpool|pinwheel|cartwheel|tadpole) galaxy|"
    r"hoag\w*|zwicky\w*|"
    r"układ\w* słoneczn\w+|slunečn\w+ soustav\w*|jupiter\w*|jowisz\w*|saturn\w*|neptun\w*|uranus\w*|"
    r"pluto\w*|merkur\w*|enceladus\w*|encelad\w*|ganymed\w*|ganimed\w*|callisto|kallisto|iapetus|makemake|haumea|charon\w*|"
    r"betelgeuse|sirius|aldebaran|centaur(?:us|i|ów)|sagittari\w+|cassiopei\w*|pegasus|ursa m\w+|"
    r"hubble\w*|spitzer\w*|chandra|cassini\w*|voyager\w*|james webb|"
    r"(?!(?:dino|ptero|hadro|icthyo|ichthyo|plesio)(?:saur|zaur))\w{3,}(?:saurus|zaur|zaura|zaury|saura|zaurus)\w{0,3}|"
    r"\w{3,}(?:raptor|ceratops|mimus|nychus|pteryx|dactylus|venator)\w{0,2}|t[ .-]{0,2}rex|(?:igu?ano|pter?ano)don\w*|"
    r"엔지씨|안드로메다|우리\s?은하|은하수|마젤란|솜브레로|메시에|허블|제임스\s?웹|태양계|지구|오리온|처녀자리|궁수자리|"
    r"카시오페이아|천왕성|해왕성|명왕성|세레스|가니메데|칼리스토|유로파|엔셀라두스|타이탄|트리톤)|"
    r"(?<![가-힣])(?:목성|토성|화성|금성|수성)(?![가-힣]{3})|[가-힣]{2,}(?:사우루스|랩터|케라톱스|미무스)",
    re.IGNORECASE,
)

CAPITAL = re.compile(
    r"\b(?:Earth|Moon|Sun|Mars|Venus|Mercury|Europa|Titan|Triton|Io|Mimas|Dione|Rhea|Tethys|Miranda|Ariel|Umbriel|Titania|"
    r"Oberon|Phobos|Deimos|Vesta|Ceres|Eris|Sedna|Orion|Virgo|Fornax|Coma|Hydra|Leo|Lyra|Vega|Draco|Cygnus|Aquila|Taurus|"
    r"Perseus|Hercules|Sculptor|Phoenix|Dorado|Eridanus|Cetus|Pisces|Aquarius|Gemini|Scorpius|Carina|Sombrero|Whirlpool|"
    r"Pinwheel|Cartwheel|Sunflower|Cigar|Tadpole|Antennae|Pleiades|Hyades|Crab|Horsehead|Eagle|Lagoon|Trifid|Helix|"
    r"Tarantula|Bode|Stephan|Webb|Euclid|Gaia|Galileo|Herschel|"
    r"Ziemi\w?|Ziemią|Słońc\w+|Księżyc\w*|Mars\w*|Wenus|Uran\w{0,2}|Tytan\w{0,2}|Europ\w{1,2}|Plejad\w*|Orion\w*|Pann\w|"
    r"Země|Zemi|Zemí|Slunc\w+|Měsíc\w*|Venuš\w*|Plejád\w*|Marsu|Venuší)\b"
)
"""Names that with a small letter are words of their own: ``titan``, ``crab``, ``virgo`` is none but reads alike."""

SKY = re.compile(
    r"\b(?:Antlia|Apus|Auriga|Bo[oö]tes|Caelum|Camelopardalis|Canes Venatici|Canis M\w+|Capricornus|Cepheus|Chamaeleon|"
    r"Circinus|Columba|Corvus|Crux|Delphinus|Equuleus|Grus|Horologium|Indus|Lacerta|Lepus|Libra|Lupus|Lynx|Mensa|"
    r"Microscopium|Monoceros|Musca|Octans|Ophiuchus|Pavo|Pictor|Puppis|Pyxis|Reticulum|Sagitta|Scutum|Serpens|"
    r"Sextans|Telescopium|Tucana\w*|Vela|Volans|Vulpecula|Berenices|Borealis|Australis|"
    r"Antares|Arcturus|Altair|Deneb|Rigel|Procyon|Capella|Canopus|Achernar|Polaris|Regulus|Spica|Castor|Pollux|Fomalhaut|"
    r"Malin|Seyfert|Laniakea|Amalthea|Himalia|Hyperion|Phoebe|Proteus|Nereid|Quaoar|Orcus|Gonggong|Psyche|Pallas|Ryugu|"
    r"Bennu|Diplodocus|Apatosaur\w*|Baryonyx|Carnotaurus|Compsognathus|Coelophysis|Troodon|Quetzalcoatlus|"
    r"Parasaurolophus|Maiasaura|Rhamphorhynchus|Argentinosaur\w*|Heterodontosaur\w*)\b"
)
"""Constellations, stars, smaller bodies and genera that the nets above do not hold, for the beginning of a sentence."""

_SENTENCE_START = re.compile(r"(?:^|[.!?…]['\"”’)»]*\s+|\n)['\"“„‘(«–—-]*\s*$")
_CAPITALISED = re.compile(r"(?<![^\W_])[^\W\d_][^\W_]*(?:[-’'][^\W_]+)*")


def real_name(text: str, language: Language, given: str) -> str | None:
    """The first name in a text that its input does not have; None when there is none.

    given: everything that the writer of the text was told, without the facts: those name real things rightly.
    """
    for pattern in (CATALOGUES, ANYWHERE, CAPITAL, SKY):
        for found in pattern.finditer(text):
            if not re.search(rf"(?<!\w){re.escape(found.group())}(?!\w)", given):
                return found.group()
    known = set(_CAPITALISED.findall(given))
    for found in _CAPITALISED.finditer(text):
        word = found.group()
        latin_in_korean = language == "ko" and word.isascii() and len(word) > 1
        if word in known or not (word[0].isupper() or latin_in_korean) or (word == "I" and language == "en"):
            continue
        if latin_in_korean or not _SENTENCE_START.search(text[: found.start()]):
            return word
    return None
