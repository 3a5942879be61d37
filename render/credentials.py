"""Content Credentials (C2PA 2, by the library c2pa-python): a signature over a file and over what it says of itself.

The mark of `render.provenance` is a claim that anyone can write. A signature adds who made it, if you trust the
certificate, and that not a byte has changed since. Nothing here opens the network: no time stamp is asked for, no
remote manifest is read, no revocation looked up.
"""

from __future__ import annotations

import io
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from render import __version__
from render.errors import NonesuchError
from render.provenance import TRAINED, Mark, read_mark

MIME = {
    "jpeg": "image/jpeg",
    "avif": "image/avif",
    "gif": "image/gif",
    "png": "image/png",
    "h264": "video/mp4",
    "av1": "video/mp4",
}
SETTINGS = {
    "builder": {
        "thumbnail": {"enabled": False}
    },  # the default one costs 130 kB and more, for what the file shows anyway
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}
LARGEST_PEM = 100_000


@dataclass(frozen=True)
class Credentials:
    """What a signed file's manifest says. whole: not a byte was changed since, and the signature is right; whether to
    trust who signed is for the reader to know. reasons: what is wrong, where it is not whole.
    """

    whole: bool
    issuer: str = ""
    name: str = ""
    tool: str = ""
    reasons: tuple[str, ...] = ()


class Signer:
    """Signs files with one key. Safe to use from several threads."""

    def __init__(self, certificate: bytes, key: bytes) -> None:
        """certificate: a chain, PEM, the signer's own first. Raises NonesuchError where the two cannot sign."""
        self._c2pa = load()
        self._context = self._c2pa.Context(self._c2pa.Settings.from_dict(SETTINGS))
        self._lock = threading.Lock()
        self._signer = self._with(certificate, key)
        self.sign(_smallest(), "gif", Mark(TRAINED, "", ""))  # whether the certificate may sign shows only then

    @classmethod
    def load(cls, certificate: Path, key: Path) -> Signer:
        """Raises NonesuchError for files that cannot be read, and what the constructor raises."""
        return cls(_read(certificate, "certificate"), _read(key, "key"))

    def sign(self, data: bytes, form: str, mark: Mark) -> bytes:
        """The file with its credentials inside; `form` is one of `MIME`."""
        try:
            with self._lock:
                out = io.BytesIO()
                builder = self._c2pa.Builder(manifest(mark), context=self._context)
                builder.sign(self._signer, MIME[form], io.BytesIO(data), out)
                return out.getvalue()
        except self._c2pa.C2paError as error:
            raise NonesuchError(f"a file cannot be signed: {_brief(error)}; look at [sign] in gallery.toml.") from None

    def _with(self, certificate: bytes, key: bytes) -> Any:
        try:
            info = self._c2pa.C2paSignerInfo(algorithm(key), certificate, key, None)
            return self._c2pa.Signer.from_info(info)
        except self._c2pa.C2paError as error:
            raise NonesuchError(f"nothing can be signed with this certificate and key: {_brief(error)}.") from None


def manifest(mark: Mark) -> dict[str, Any]:
    """What is signed beside the file's own bytes: how it came about, and its recipe."""
    made = {"action": "c2pa.created", "softwareAgent": {"name": "nonesuch", "version": __version__}}
    if mark.source_type:
        made["digitalSourceType"] = mark.source_type
    told: list[dict[str, Any]] = [{"label": "c2pa.actions.v2", "data": {"actions": [made]}}]
    if mark.recipe:
        told.append({"label": "nonesuch.recipe", "data": {"recipe": json.loads(mark.recipe), "card": mark.card}})
    return {
        "claim_generator_info": [{"name": "nonesuch", "version": __version__}],
        "title": mark.title or "a generated picture",
        "assertions": told,
    }


def algorithm(key: bytes) -> bytes:
    """C2PA's name of the algorithm that a private key (PEM, without a password) signs with."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(key, None)
    except TypeError:
        raise NonesuchError("the key has a password: give one without, in a file that only you can read.") from None
    except ValueError:
        raise NonesuchError("the key is no private key in PEM form.") from None
    if isinstance(found, ec.EllipticCurvePrivateKey):
        curves = {"secp256r1": b"es256", "secp384r1": b"es384", "secp521r1": b"es512"}
        if found.curve.name in curves:
            return curves[found.curve.name]
    elif isinstance(found, ed25519.Ed25519PrivateKey):
        return b"ed25519"
    elif isinstance(found, rsa.RSAPrivateKey):
        return b"ps256"
    raise NonesuchError("the key is of a kind that C2PA does not know: P-256, P-384, P-521, Ed25519 and RSA are known.")


def carries(data: bytes) -> bool:
    """Whether a file seems to hold a manifest; needs no library."""
    return b"jumb" in data and b"c2pa" in data


def read_credentials(data: bytes) -> Credentials | None:
    """The credentials of a file's bytes; None where there are none. A stranger's file may hold anything.

    Raises NonesuchError where there are some and c2pa-python is not installed, or they cannot be read.
    """
    if not carries(data):
        return None
    c2pa = load()
    try:
        context = c2pa.Context(c2pa.Settings.from_dict(SETTINGS))
        with c2pa.Reader(_mime(data), io.BytesIO(data), context=context) as reader:
            told, state = json.loads(reader.json()), str(reader.get_validation_state()).lower()
    except c2pa.C2paError as error:
        if "ManifestNotFound" in str(error):
            return None
        raise NonesuchError(f"its credentials (C2PA) cannot be read: {_brief(error)}.") from None
    active = told.get("manifests", {}).get(told.get("active_manifest"), {})
    signed = active.get("signature_info", {})
    tool: dict[str, Any] = next(iter(active.get("claim_generator_info", [])), {})
    codes = (str(one.get("code", "")) for one in told.get("validation_status", []))
    whole = state in ("valid", "trusted")
    return Credentials(
        whole,
        str(signed.get("issuer", "")),
        str(signed.get("common_name", "")),
        f"{tool.get('name', '')} {tool.get('version', '')}".strip(),
        () if whole else tuple(code for code in codes if code != "signingCredential.untrusted"),
    )


def load() -> Any:
    """The library. Raises NonesuchError where it is not installed."""
    try:
        import c2pa
    except ImportError:
        raise NonesuchError("signatures (C2PA) need c2pa-python: pip install 'nonesuch[c2pa]'.") from None
    return c2pa


def mark_of(data: bytes) -> Mark:
    """A file's own mark, or an empty one."""
    return read_mark(data) or Mark("", "", "")


def _mime(data: bytes) -> str:
    """By a file's first bytes, of the kinds that nonesuch writes."""
    if data.startswith(b"\xff\xd8"):
        return MIME["jpeg"]
    if data.startswith(b"GIF8"):
        return MIME["gif"]
    if data.startswith(b"\x89PNG"):
        return MIME["png"]
    if data[4:8] == b"ftyp":
        return MIME["avif"] if data[8:12] in (b"avif", b"avis", b"mif1") else MIME["h264"]
    raise NonesuchError("it holds credentials (C2PA) in a format that nonesuch does not write.")


def _smallest() -> bytes:
    """A GIF of one pixel."""
    return bytes.fromhex("47494638396101000100800000000000ffffff2c00000000010001000002024401003b")


def _read(path: Path, what: str) -> bytes:
    try:
        if path.stat().st_size > LARGEST_PEM:
            raise NonesuchError(f"sign, {what}: {path.name} is too large for a {what} in PEM form.")
        return path.read_bytes()
    except OSError as error:
        raise NonesuchError(f"sign, {what}: '{path.name}' cannot be read ({error.strerror}).") from None


def _brief(error: Exception) -> str:
    """The library's own sentence, on one line and without a trailing dot."""
    return " ".join(str(error).split())[:200].rstrip(".")
