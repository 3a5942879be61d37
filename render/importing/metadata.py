"""What programs that draw pictures leave in their files: ComfyUI, AUTOMATIC1111's web UI, InvokeAI.

Where each writes, read in its own source: ComfyUI ``comfy_api/latest/_ui.py`` (PNG text ``prompt`` and ``workflow``, in
WebP the EXIF fields Model and Make), A1111 ``modules/images.py`` (PNG text ``parameters``, elsewhere the EXIF
UserComment), InvokeAI ``image_files_disk.py`` (PNG text ``invokeai_metadata``). All of it was written by strangers: it
is text, cut short, and where it makes no sense it is as if it were not there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import ExifTags, Image

LONGEST = 4000  # characters of one text that are kept
LARGEST = 2_000_000  # characters of a graph that is parsed
A1111_KEYS = {"Steps": "Steps", "Sampler": "Sampler", "CFG scale": "Guidance", "Seed": "Seed", "Model": "Model"}
INVOKE_KEYS = {"steps": "Steps", "scheduler": "Sampler", "cfg_scale": "Guidance", "seed": "Seed"}
COMFY_KEYS = {
    "steps": "Steps",
    "sampler_name": "Sampler",
    "cfg": "Guidance",
    "seed": "Seed",
    "noise_seed": "Seed",
    "ckpt_name": "Model",
    "unet_name": "Model",
}


@dataclass(frozen=True)
class Told:
    """What a file says of itself. program: empty when no program that draws left its mark.

    settings: such as Seed and Steps; prompt: the words that were asked for; other: texts that mean nothing to us.
    """

    program: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    prompt: str = ""
    title: str = ""
    description: str = ""
    other: dict[str, str] = field(default_factory=dict)


def told_by(image: Image.Image) -> Told:
    """Read an opened picture's metadata; never fails for what it holds."""
    texts = dict(_texts(image))
    title, description = (texts.pop(key, "")[:LONGEST] for key in ("Title", "Description"))
    for key, reader in (("parameters", _a1111), ("invokeai_metadata", _invoke), ("prompt", _comfy)):
        if key in texts and (found := reader(texts[key])) is not None:
            known = {"parameters", "prompt", "workflow", "invokeai_metadata", "invokeai_workflow", "invokeai_graph"}
            other = {name: text[:LONGEST] for name, text in texts.items() if name not in known}
            return Told(found.program, found.settings, found.prompt[:LONGEST], title, description, other)
    return Told(title=title, description=description, other={name: text[:LONGEST] for name, text in texts.items()})


def _texts(image: Image.Image) -> Iterator[tuple[str, str]]:
    """PNG's texts, and the EXIF fields in which the three programs write elsewhere."""
    for name, value in image.info.items():
        if isinstance(value, str) and name != "XML:com.adobe.xmp":
            yield str(name), str(value)
    try:
        exif = image.getexif()
        comment = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment)
        fields = [exif.get(ExifTags.Base.Make), exif.get(ExifTags.Base.Model)]
        description = exif.get(ExifTags.Base.ImageDescription)
    except (OSError, ValueError, KeyError, SyntaxError, TypeError):  # EXIF that is not well-formed
        return
    if text := _comment(comment):
        yield "parameters", text
    if isinstance(description, str) and description.strip():
        yield "Description", description.strip()
    for value in fields:  # "workflow:{…}", "prompt:{…}"
        name, colon, text = value.partition(":") if isinstance(value, str) else ("", "", "")
        if colon and text.lstrip().startswith("{"):
            yield name, text


def _comment(value: object) -> str:
    """EXIF's UserComment: eight bytes name the encoding (EXIF 2.3, 4.6.5)."""
    if isinstance(value, str):
        return value
    if not isinstance(value, bytes):
        return ""
    head, body = value[:8], value[8:]
    encoding = {b"UNICODE\0": "utf-16-be", b"ASCII\0\0\0": "ascii"}.get(head, "utf-8")
    return body.decode(encoding, "replace").strip("\0 ")


def _a1111(text: str) -> Told | None:
    """``prompt``, ``Negative prompt: …``, and one line of ``Steps: 20, Sampler: Euler a, …``."""
    lines = text.strip().splitlines()
    if not lines or not re.search(r"\bSteps: \d+", lines[-1]):
        return None
    pairs = re.findall(r'([\w ]+): ("(?:\\.|[^"\\])*"|[^,]*)(?:,|$)', lines[-1])
    settings = {A1111_KEYS[name.strip()]: value.strip() for name, value in pairs if name.strip() in A1111_KEYS}
    prompt = "\n".join(lines[:-1]).partition("Negative prompt:")[0].strip()
    return Told("AUTOMATIC1111's web UI", _short(settings), prompt)


def _invoke(text: str) -> Told | None:
    values = _object(text)
    if values is None:
        return None
    settings = {name: str(values[key]) for key, name in INVOKE_KEYS.items() if _plain(values.get(key))}
    model = values.get("model")
    if isinstance(model, Mapping) and _plain(model.get("name")):
        settings["Model"] = str(model["name"])
    return Told("InvokeAI", _short(settings), str(values.get("positive_prompt") or ""))


def _comfy(text: str) -> Told | None:
    """The graph that was run: nodes by number, each with a ``class_type`` and its ``inputs``."""
    graph = _object(text)
    nodes = [node for node in (graph or {}).values() if isinstance(node, Mapping) and "class_type" in node]
    if not nodes:
        return None
    settings: dict[str, str] = {}
    prompts: list[str] = []
    for node in nodes:
        inputs = node.get("inputs")
        if not isinstance(inputs, Mapping):
            continue
        for key, name in COMFY_KEYS.items():
            if _plain(inputs.get(key)):
                settings.setdefault(name, str(inputs[key]))
        if str(node["class_type"]).startswith("CLIPTextEncode") and isinstance(inputs.get("text"), str):
            prompts.append(inputs["text"])
    return Told("ComfyUI", _short(settings), "\n".join(prompts))


def _object(text: str) -> dict[str, Any] | None:
    if len(text) > LARGEST:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _plain(value: object) -> bool:
    return isinstance(value, str | int | float) and value != ""


def _short(settings: dict[str, str]) -> dict[str, str]:
    return {name: value[:200] for name, value in settings.items()}
