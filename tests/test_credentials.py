"""Signatures: whoever downloads a full picture can see that nobody changed it since the gallery made it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from tiny import tiny_weights

from render.catalogue import FILE, Catalogue
from render.cli import cli
from render.config import Gallery, load_gallery
from render.credentials import Signer, read_credentials
from render.errors import NonesuchError
from render.media import Store
from render.provenance import TRAINED, read_mark
from render.stages import make
from render.stages.report import Report

pytest.importorskip("c2pa", reason="c2pa-python is not installed (extra c2pa)")

SETTINGS = """
[gallery]
title = "nonesuch"
[[collection]]
slug = "galaxies"
title = "galaxy"
weights = "./tiny"
count = 1
[[walk]]
collection = "galaxies"
slug = "loop"
frames = 8
keyframes = [{ seed = 1 }, { seed = 2 }]
[render]
device = "cpu"
[sign]
certificate = "chain.pem"
key = "key.pem"
"""


def certified(folder: Path) -> None:
    """A certificate for a month, by an authority that nobody knows: ``chain.pem`` and ``key.pem``."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    now, pem = datetime.now(UTC), Encoding.PEM
    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())

    def certificate(name: str, key: ec.EllipticCurvePrivateKey, is_authority: bool) -> x509.Certificate:
        attributes = [(NameOID.ORGANIZATION_NAME, "A Museum"), (NameOID.COMMON_NAME, name)]
        usage = x509.KeyUsage(True, False, False, False, False, is_authority, is_authority, False, False)
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(*one) for one in attributes]))
            .issuer_name(
                x509.Name([x509.NameAttribute(*attributes[0]), x509.NameAttribute(NameOID.COMMON_NAME, "Test")])
            )
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False)
        )
        if not is_authority:
            made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        return made.sign(authority, hashes.SHA256())

    chain = certificate("A Gallery", own, False).public_bytes(pem) + certificate("Test", authority, True).public_bytes(
        pem
    )
    (folder / "chain.pem").write_bytes(chain)
    (folder / "key.pem").write_bytes(own.private_bytes(pem, PrivateFormat.PKCS8, NoEncryption()))


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    """One exhibit and one walk, drawn by a gallery that signs."""
    folder = tmp_path_factory.mktemp("signed")
    tiny_weights(folder / "tiny")
    certified(folder)
    (folder / "gallery.toml").write_text(SETTINGS)
    made = load_gallery(folder)
    assert make(made, Report(), stages=("render",)).exit_code == 0
    return made


def files(gallery: Gallery) -> dict[str, bytes]:
    """The bytes of every file, by role, format and width."""
    store = Store(gallery.store_path)
    with Catalogue(gallery.folder / FILE) as catalogue:
        media = [medium for _, several in catalogue.exhibits() for medium in several]
    assert sorted(store.keys()) == sorted(medium.key for medium in media), "what was signed leaves nothing behind"
    return {f"{medium.role}-{medium.format}-{medium.width}": store.read(medium.key) for medium in media}


def test_full_pictures_and_films_are_signed_and_say_the_same_as_before(gallery: Gallery) -> None:
    found = files(gallery)
    signed = {name for name, data in found.items() if read_credentials(data)}
    largest = max((name for name in found if name.startswith("image-")), key=lambda name: int(name.rsplit("-", 1)[1]))
    assert {largest, "fallback-jpeg-384", "video-h264-384", "gif-gif-256"} <= signed
    assert not any(name.startswith(("master", "poster")) for name in signed)
    for name in signed:
        told = read_credentials(found[name])
        assert told is not None
        assert (told.whole, told.name, told.issuer) == (True, "A Gallery", "A Museum"), name
        mark = read_mark(found[name])
        assert mark is not None
        assert mark.source_type == TRAINED, "who cannot read C2PA reads XMP as before"
        assert b"trainedAlgorithmicMedia" in found[name]
        assert b"c2pa.thumbnail" not in found[name], "no picture of the picture, of 130 kB and more"


def test_inspect_tells_who_signed_and_that_a_file_was_changed(gallery: Gallery, tmp_path: Path) -> None:
    whole = files(gallery)["fallback-jpeg-384"]
    (tmp_path / "whole.jpg").write_bytes(whole)
    (tmp_path / "changed.jpg").write_bytes(whole[:-60] + bytes([whole[-60] ^ 1]) + whole[-59:])
    told = {}
    for name in ("whole", "changed"):
        arguments = ["inspect", str(tmp_path / f"{name}.jpg"), "--weights", str(gallery.folder / "tiny")]
        done = CliRunner().invoke(cli, arguments, standalone_mode=False)
        told[name] = (done.return_value, done.output)
    assert told["whole"][0] == 0
    assert "whole since it was signed (C2PA) by A Gallery, A Museum" in told["whole"][1]
    assert "the same picture, pixel by pixel" in told["whole"][1]
    assert told["changed"][0] == 1
    assert "BROKEN" in told["changed"][1]
    assert "assertion.dataHash.mismatch" in told["changed"][1]


def test_what_cannot_sign_is_said_before_a_night(gallery: Gallery, tmp_path: Path) -> None:
    certificate, key = (gallery.folder / name for name in ("chain.pem", "key.pem"))
    with pytest.raises(NonesuchError, match="no private key in PEM form"):
        Signer.load(certificate, certificate)
    certified(tmp_path)
    with pytest.raises(NonesuchError, match="sign"):
        Signer.load(certificate, tmp_path / "key.pem")  # another's
    settings = gallery.folder / "gallery.toml"
    for change, sentence in (
        (('key = "key.pem"', ""), "sign, key: is missing beside the certificate"),
        (('"key.pem"', '"gone.pem"'), "sign, key: there is no file 'gone.pem'"),
        (('"key.pem"', '"public/index.html"'), "sign, key: 'public/index.html' lies inside public/"),
    ):
        settings.write_text(SETTINGS.replace(*change))
        with pytest.raises(NonesuchError, match=sentence):
            load_gallery(gallery.folder)
    settings.write_text(SETTINGS)
    assert key.read_bytes() not in (gallery.folder / FILE).read_bytes()
