"""What would go wrong tonight? Looks at the machine and at a gallery, tries what a night needs, and writes nothing."""

from __future__ import annotations

import io
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from render import __version__
from render.captions.key import find_key
from render.config import Gallery, check_weights, load_gallery
from render.config.walks import fault
from render.cores import cores
from render.errors import NonesuchError
from render.resources import Resource, resource
from render.weights import find_weights, load_card, shipped_weights, verify, weights_hash

State = Literal["ok", "note", "bad"]
PACKAGES = ("torch", "diffusers", "numpy", "pillow", "pydantic", "safetensors")
GIB = 2**30
ENOUGH_MEMORY = 3 * GIB
LITTLE_MEMORY = 1 * GIB
EXHIBIT_BYTES = 160 * 1024
"""Of one exhibit of 96 px in all sizes, with its master, its neighbours and its page; generous."""
FRAME_BYTES = 60 * 1024
"""Of one frame of a walk, most of it in the GIF."""
H264 = ("libx264", "libopenh264")
AV1 = ("libsvtav1", "libaom-av1", "librav1e")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. "bad" would stop or spoil a night, "note" is worth knowing."""

    state: State
    subject: str
    text: str


def examine(folder: Path | None = None) -> Iterator[Finding]:
    """Everything about this machine, and about the gallery in `folder` where one is given."""
    yield from _versions()
    yield from _parts()
    yield _avif()
    yield _memory()
    if folder is None:
        yield _device("auto")
        yield _film(needed=True)
        yield from _weights(shipped_weights(), None)
        return
    try:
        gallery = load_gallery(folder)
    except NonesuchError as error:
        yield Finding("bad", "gallery", str(error))
        return
    yield Finding("ok", "gallery", f"{gallery.title}: {_wanted(gallery)}")
    yield _device(gallery.render.device)
    yield _film(needed=any(walk.shape != "plane" for walk in gallery.walks))
    yield from _walks(gallery)
    used = [name for one in gallery.collections for name in (one.weights, one.upscaler) if name]
    yield from _weights([*dict.fromkeys(used), gallery.classify.weights, *gallery.evidence.judges], gallery)
    yield _disk(gallery)
    yield from _store(gallery)
    yield _catalogue(gallery)
    yield from _captions(gallery)


def _captions(gallery: Gallery) -> Iterator[Finding]:
    """Whether the model that is to write the texts can be asked; it is not called."""
    settings = gallery.captions
    if not settings.model:
        return
    key, missing = find_key(gallery.folder)
    if key is None and settings.needs_key:
        yield Finding(
            "note", "captions", f"captions.model is set but {missing}: texts will come from the reviewed facts"
        )
    elif key is not None and (settings.base_url or "").startswith("http://") and not _local(settings.base_url):
        yield Finding("note", "captions", f"{settings.base_url} is not encrypted: anyone on the way can read the key")
    else:
        limits = [f"{settings.budget:g} in money" if settings.budget is not None else ""]
        limits += [f"{settings.budget_tokens:,} tokens" if settings.budget_tokens is not None else ""]
        limit = " and ".join(part for part in limits if part) or "no limit: set captions.budget or budget_tokens"
        yield Finding("ok", "captions", f"{settings.model} is to write them, with {limit}")


def _local(address: str | None) -> bool:
    from urllib.parse import urlsplit

    host = urlsplit(address or "").hostname or ""
    return host == "localhost" or host.startswith("127.")


def _versions() -> Iterator[Finding]:
    yield Finding(
        "ok", "nonesuch", f"{__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}"
    )
    for name in PACKAGES:
        try:
            yield Finding("ok", name, version(name))
        except PackageNotFoundError:
            yield Finding("bad", name, "is not installed: install nonesuch again with its constraints.txt")


def _parts() -> Iterator[Finding]:
    names: tuple[Resource, ...] = ("templates", "site")
    for name in names:
        try:
            resource(name)
        except NonesuchError as error:
            yield Finding("bad", name, str(error))


def _device(wanted: str) -> Finding:
    """Whether the device that a gallery asks for is here."""
    import torch

    from render.engine.executor import device_here

    try:
        device = device_here(wanted)
    except NonesuchError as error:
        return Finding("bad", "device", str(error))
    if device.startswith("cuda"):
        free, total = torch.cuda.mem_get_info(device)
        name = torch.cuda.get_device_name(device)
        return Finding("ok", "device", f"{device}: {name}, {free / GIB:.1f} of {total / GIB:.1f} GiB free")
    return Finding("ok", "device", f"{device} ({cores()} cores, {torch.get_num_threads()} threads)")


def _memory() -> Finding:
    import psutil

    free = psutil.virtual_memory().available
    limit = _container_limit()
    if limit is not None:
        free = min(free, limit)
    text = f"{free / GIB:.1f} GiB free"
    if free < LITTLE_MEMORY:
        return Finding("bad", "memory", f"{text}: a night needs up to {ENOUGH_MEMORY // GIB} GiB; close other programs")
    return Finding("ok" if free >= ENOUGH_MEMORY else "note", "memory", text)


def _container_limit() -> int | None:
    """What a container still grants, where there is a limit."""
    home = Path("/sys/fs/cgroup")
    try:
        limit, used = (home / "memory.max").read_text().strip(), (home / "memory.current").read_text().strip()
    except OSError:
        return None
    return max(0, int(limit) - int(used)) if limit.isdigit() else None


def _avif() -> Finding:
    from PIL import Image

    try:
        Image.new("RGB", (16, 16)).save(io.BytesIO(), "AVIF", quality=80, speed=9)
    except (OSError, KeyError, ValueError) as error:
        return Finding("bad", "AVIF", f"this Pillow cannot write it ({error}): install pillow 12 or newer from a wheel")
    return Finding("ok", "AVIF", "is written by Pillow")


def _film(needed: bool) -> Finding:
    import imageio_ffmpeg

    try:
        program = imageio_ffmpeg.get_ffmpeg_exe()
        answer = subprocess.run([program, "-hide_banner", "-encoders"], capture_output=True, timeout=60, check=True)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        state: State = "bad" if needed else "note"
        return Finding(state, "film", f"ffmpeg does not run ({error}): install imageio-ffmpeg from a wheel, for walks")
    known = {line.split()[1] for line in answer.stdout.decode(errors="replace").splitlines() if len(line.split()) > 1}
    if known.isdisjoint(H264):
        return Finding("bad" if needed else "note", "film", f"{Path(program).name} has no H.264 encoder, for walks")
    return Finding("ok", "film", "H.264" + ("" if known.isdisjoint(AV1) else " and AV1"))


def _walks(gallery: Gallery) -> Iterator[Finding]:
    """Walks that would be left out tonight."""
    for collection in gallery.collections:
        try:
            card = load_card(find_weights(collection.weights, gallery.folder))
        except NonesuchError:
            card = None
        for walk in gallery.walks_of(collection.slug):
            if (wrong := fault(walk, collection, card)) is not None:
                yield Finding("bad", "walk", f"'{walk.slug}' of '{collection.slug}' would be left out: {wrong}")


def _weights(names: list[str], gallery: Gallery | None) -> Iterator[Finding]:
    if not names:
        yield Finding("bad", "weights", "no weights came with this installation: install nonesuch again")
    for name in dict.fromkeys(names):
        try:
            folder = find_weights(name, gallery.folder if gallery else None)
            verify(folder)
            if gallery and name in {used for one in gallery.collections for used in (one.weights, one.upscaler)}:
                check_weights(gallery.folder, {name: weights_hash(folder)})
            card = load_card(folder)
            yield Finding("ok", "weights", f"{name}: {card.family}, {card.size} px, as its card describes it")
        except NonesuchError as error:
            yield Finding("bad", "weights", str(error))


def disk_needed(gallery: Gallery) -> int:
    """Bytes that the whole gallery takes in the store and, where files cannot be linked, once more in ``public/``."""
    total = 0.0
    for collection in gallery.collections:
        try:
            size = load_card(find_weights(collection.upscaler or collection.weights, gallery.folder)).size
        except NonesuchError:
            size = 96
        frames = sum(walk.frames for walk in gallery.walks_of(collection.slug))
        total += (collection.count * EXHIBIT_BYTES + frames * FRAME_BYTES) * max(1.0, (size / 96) ** 2)
    return int(2 * total)


def _disk(gallery: Gallery) -> Finding:
    if not os.access(gallery.folder, os.W_OK):
        return Finding("bad", "disk", f"{gallery.folder} cannot be written to")
    free, needed = shutil.disk_usage(gallery.folder).free, disk_needed(gallery)
    text = f"{_bytes(free)} free, the whole gallery needs about {_bytes(needed)}"
    return Finding("bad", "disk", f"{text}: make room") if free < needed else Finding("ok", "disk", text)


def _store(gallery: Gallery) -> Iterator[Finding]:
    """An object store, asked with one small write."""
    from render.media import open_store

    store = open_store(gallery.store.location, gallery.folder)
    if store.local:
        return
    try:
        store.probe()
        yield Finding("ok", "store", f"{store} can be written to")
    except NonesuchError as error:
        yield Finding("bad", "store", str(error))


def _catalogue(gallery: Gallery) -> Finding:
    from render.catalogue import Catalogue

    if not gallery.catalogue_path.exists():
        return Finding("ok", "catalogue", "none yet: this is the first night")
    try:
        with Catalogue(gallery.catalogue_path):
            return Finding("ok", "catalogue", "opens")
    except NonesuchError as error:
        return Finding("bad", "catalogue", str(error))


def _wanted(gallery: Gallery) -> str:
    parts = [f"{collection.count} {collection.many}" for collection in gallery.collections]
    if gallery.walks:
        parts.append(f"{len(gallery.walks)} walks")
    return ", ".join(parts)


def _bytes(count: float) -> str:
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count / 2**20:.0f} MiB"
