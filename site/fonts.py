"""The site's four typefaces, cut down to the glyphs it uses: Fontsource's files in, one small WOFF2 per face out.

Fontsource publishes each face in pieces by script. A page that mixes English with a Polish or Czech name would fetch
two pieces of every face, so here the two pieces are cut and then joined. Run by the build (``hatch_build.py``).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from fontTools import merge, subset
from fontTools.ttLib import TTFont

# File name of the result: Fontsource package and face. Four files, no more: each is a request before text is right.
FACES = {
    "serif": ("instrument-serif", "400-normal"),
    "sans": ("inter", "400-normal"),
    "sans-medium": ("inter", "600-normal"),
    "mono": ("jetbrains-mono", "400-normal"),
}
BUDGET = 80 * 1024  # bytes, all four together

ASCII = "".join(map(chr, range(0x20, 0x7F)))
PUNCTUATION = "\u00a0\u2009\u202f–—‘’‚“”„…·•×−±≈≤≥°′″←→↑↓‹›«»©§½²³µ%‰"
EUROPE = "áàâäãåąćčçďđéèêëęěíìîïłľĺńňñóòôöõőřŕśšşťúùûüůűýÿźżžæœøßðþ"
TEXT = ASCII + PUNCTUATION + EUROPE + EUROPE.upper().replace("SS", "")
# Designations and numbers: no words in foreign tongues are ever set in the mono face.
MONO_TEXT = ASCII + PUNCTUATION

FEATURES = ["kern", "mark", "mkmk", "ccmp", "locl", "tnum", "zero"]


def cut(source: Path, text: str, target: Path) -> bool:
    """Writes the glyphs of ``text`` that ``source`` has to ``target``; False when it has none of them."""
    options = subset.Options(layout_features=FEATURES, hinting=False, desubroutinize=True, notdef_outline=True)
    font = TTFont(source, recalcTimestamp=False)
    wanted = set(map(ord, text)) & set(font.getBestCmap())
    if not wanted - {0x20, 0xA0}:
        return False
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted)
    cutter.subset(font)
    font.flavor = None
    font.save(target)
    return True


def join(pieces: list[Path]) -> TTFont:
    """One font from the pieces of one face; a glyph that two pieces have is taken from the first."""
    if len(pieces) == 1:
        return TTFont(pieces[0], recalcTimestamp=False)
    return merge.Merger().merge([str(piece) for piece in pieces])


def build(packages: Path, target: Path) -> dict[str, int]:
    """Writes every face of ``FACES`` as ``target/<name>.woff2`` and returns their sizes in bytes.

    ``packages`` is npm's folder ``node_modules/@fontsource``. A result over the budget is an error: it would be paid
    for by every visitor.
    """
    target.mkdir(parents=True, exist_ok=True)
    sizes = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, (package, face) in FACES.items():
            text = MONO_TEXT if name == "mono" else TEXT
            pieces = []
            for script in ("latin", "latin-ext"):
                piece = Path(scratch) / f"{name}-{script}.ttf"
                source = packages / package / "files" / f"{package}-{script}-{face}.woff2"
                if cut(source, "".join(sorted(set(text))), piece):
                    pieces.append(piece)
            font = join(pieces)
            font.flavor = "woff2"
            # The same glyphs make the same file, whenever they are built: its name is its hash, and pages carry it.
            font.recalcTimestamp = False
            font["head"].created = font["head"].modified = TTFont(pieces[0])["head"].created
            font.save(target / f"{name}.woff2")
            sizes[name] = (target / f"{name}.woff2").stat().st_size
    if sum(sizes.values()) > BUDGET:
        raise ValueError(f"the fonts take {sum(sizes.values())} bytes, more than {BUDGET}: cut glyphs in site/fonts.py")
    return sizes
