"""A model for the visitor's browser: its graph as ONNX, its weights the bytes of ``model.safetensors`` themselves.

The graph (a few tens of kilobytes packed) names its weights as external data, at their places in the weights file, and
casts them from half precision, or multiplies those in 8 bits by their scales. So a browser draws with the very bytes
that a recipe names by hash, and no second copy of them exists. Beside the graph stands ``browser.json``: lengths and
hashes of both, and a test vector, by which a browser finds out whether it computes what was computed here. What
guidance leads away from, and the expert that draws the last steps, are further graphs over the same bytes.

The bake reads these files and needs neither torch nor onnx.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Container
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from render.classify.classes import CLASS_OF_STAGE, CLASSES
from render.classify.classifier import Classifier
from render.classify.network import resized, symmetries
from render.errors import NonesuchError
from render.generators.attention import inattentive
from render.generators.flow import FlowGenerator
from render.generators.network import FlowNetwork
from render.noise import normals
from render.quantise import SCALE
from render.weights import BROWSER, GRAPH, MODEL, load_card, save_card

OTHERS = {"twin": "browser-twin.onnx", "expert": "browser-expert.onnx"}
WEIGHTS = "weights.bin"
"""What the graph calls the file that its weights lie in."""
OPSET = 20
SEED = 20260711
SAMPLES = 64
"""Of the test vector: the seed of its input and how many values of the output are compared."""


def export(folder: Path) -> Path:
    """Write ``browser.onnx`` and ``browser.json`` into a weights folder, ``browser-twin.onnx`` where its card says that
    guidance leads away from a twin, and ``browser-expert.onnx`` where an expert draws the last steps; returns the first
    graph's path.

    Raises NonesuchError for a family that no browser draws with, and where onnx is not installed.
    """
    card = load_card(folder)
    if card.family == "flow" and (card.network.get("colours", 3) != 3 or card.network.get("autoencoder")):
        raise NonesuchError(f"{folder} draws no colours but outlines or latents: a browser draws with pixels only.")
    if card.family == "flow":
        network: nn.Module = FlowGenerator.load(folder, "cpu", "fp32").network
        inputs, prefix = _flow_inputs(card.size, len(card.classes), len(card.sources)), ""
        names, outputs = ["x", "t", "classes", "sources", "sketch", "drawn"], ["v"]
    elif card.family == "classifier":
        network = OneMember(Classifier.load(folder))
        inputs, prefix = (_pattern((1, 3, 96, 96)).clamp(-1, 1),), "0."
        names, outputs = ["picture"], ["probabilities", "attributes"]
    else:
        raise NonesuchError(f"{folder} is of the family '{card.family}': a browser draws with 'flow' only.")
    network = network.eval()
    raw = (folder / MODEL).read_bytes()
    start, tensors = _tensors(raw, prefix)
    first = min(begin for begin, _ in tensors.values())
    last = max(end for _, end in tensors.values())
    places = {name: (b - first, e - b) for name, (b, e) in tensors.items()}
    graph = _graph(network, inputs, names, outputs, places)
    part = raw[start + first : start + last]
    about = {
        "graph": {"file": GRAPH, "bytes": len(graph), "sha256": hashlib.sha256(graph).hexdigest()},
        "weights": {
            "file": MODEL,
            "start": start + first,
            "bytes": len(part),
            "sha256": hashlib.sha256(part).hexdigest(),
        },
        "vector": _vector(network, inputs),
    }
    (folder / GRAPH).write_bytes(graph)
    others: dict[str, FlowNetwork] = {}
    if isinstance(network, FlowNetwork) and card.sampling and card.sampling.away:
        others["twin"] = inattentive(network)
    if isinstance(network, FlowNetwork) and network.expert is not None:
        others["expert"] = network.expert
    for name, file in OTHERS.items():
        (folder / file).unlink(missing_ok=True)
        if name in others:
            own = f"{name}." if name == "expert" else ""  # in the weights file its tensors carry its name
            mine = {key.removeprefix(own): place for key, place in places.items() if key.startswith(own)}
            graph = _graph(others[name], inputs, names, outputs, mine)
            about[name] = {"file": file, "bytes": len(graph), "sha256": hashlib.sha256(graph).hexdigest()}
            about[f"{name}_vector"] = _vector(others[name], inputs)
            (folder / file).write_bytes(graph)
    (folder / BROWSER).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    save_card(folder, card)  # which names every file by its hash
    return folder / GRAPH


class OneMember(nn.Module):
    """The first member of the ensemble with the whole way from a picture to probabilities, in eight views."""

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.member = classifier.members[0]
        self.size = classifier.size
        self.temperature = classifier.temperature
        self.stages = [[i for i, c in enumerate(CLASS_OF_STAGE) if c == one] for one in range(len(CLASSES))]
        self.bias = classifier.bias.cpu()  # no buffer: it is the card's, not the weights file's

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(1, 3, 96, 96) in data space to probabilities (7,) and attribute strengths (4,)."""
        views = symmetries(resized(picture, self.size)).flatten(0, 1)  # (8, 3, s, s)
        stages, attributes = self.member(views)
        logits = torch.stack([stages[:, mine].logsumexp(dim=1) for mine in self.stages], dim=1).mean(dim=0)
        return ((logits + self.bias) / self.temperature).softmax(dim=0), attributes[:, :4].sigmoid().mean(dim=0)


def _pattern(shape: tuple[int, ...]) -> Tensor:
    return torch.from_numpy(normals(SEED, shape))


def _flow_inputs(size: int, classes: int, sources: int) -> tuple[Tensor, ...]:
    """A step in the middle of the path: noise, time 0.7, the third class, the first source, half of the field drawn."""
    sketch = torch.zeros(1, 1, size, size)
    sketch[..., : size // 2] = 0.5
    one = torch.nn.functional.one_hot
    chosen = one(torch.tensor([min(2, classes)]), classes + 1).float()
    return (
        _pattern((1, 3, size, size)),
        torch.tensor([0.7]),
        chosen,
        one(torch.tensor([0]), sources + 1).float(),
        sketch,
        torch.ones(1),
    )


def _vector(network: nn.Module, inputs: tuple[Tensor, ...]) -> dict[str, Any]:
    """Some values of the first output, evenly spread, and the seed that the input is drawn from."""
    with torch.inference_mode():
        found = network(*inputs)
    values = (found if isinstance(found, Tensor) else found[0]).flatten()
    step = max(1, len(values) // SAMPLES)
    return {"seed": SEED, "step": step, "values": [round(float(v), 5) for v in values[::step][:SAMPLES]]}


def _tensors(raw: bytes, prefix: str) -> tuple[int, dict[str, tuple[int, int]]]:
    """Where the data section begins, and the tensors' places in it; of an ensemble, of one member."""
    length = struct.unpack("<Q", raw[:8])[0]
    head = json.loads(raw[8 : 8 + length])
    head.pop("__metadata__", None)
    places = {k.removeprefix(prefix): tuple(v["data_offsets"]) for k, v in head.items() if k.startswith(prefix)}
    if any(head[prefix + k]["dtype"] != _kind(k, places) for k in places):
        raise NonesuchError(f"{MODEL} is not in half precision or 8 bits: ship the weights as the training does.")
    return 8 + length, places


def _kind(name: str, places: Container[str]) -> str:
    """How safetensors name what a tensor of these is stored as, where it ships."""
    if name.endswith(SCALE) and name.removesuffix(SCALE) in places:
        return "F32"
    return "I8" if name + SCALE in places else "F16"


def _graph(
    network: nn.Module, inputs: tuple[Tensor, ...], names: list[str], outputs: list[str], places: dict[str, Any]
) -> bytes:
    """The network as ONNX, its shapes folded, its weights left where they are."""
    try:
        import onnx
        from onnxscript import optimizer
    except ImportError as error:
        raise NonesuchError(f"{error.name} is not installed: run pip install 'nonesuch[browser]'.") from None

    program = torch.onnx.export(
        network,
        inputs,
        dynamo=True,
        optimize=False,
        external_data=False,
        opset_version=OPSET,
        input_names=names,
        output_names=outputs,
        verbose=False,
    )
    assert program is not None  # None only where the program is written to a file
    model = program.model_proto
    weights = {one.name: one for one in model.graph.initializer if _key(one.name) in places}
    kept = [one for one in model.graph.initializer if one.name not in weights]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    for one in weights.values():  # as inputs, so that no optimisation takes a weight for a constant to be folded
        model.graph.input.append(onnx.helper.make_tensor_value_info(one.name, one.data_type, list(one.dims)))
    model = optimizer.optimize(model, input_size_limit=1024, output_size_limit=4096)
    graph = model.graph
    del graph.value_info[:]
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    real = [one for one in graph.input if one.name not in weights]
    del graph.input[:]
    graph.input.extend(real)
    nodes = [node for name, one in weights.items() for node in _read(graph, name, list(one.dims), places)]
    nodes += graph.node
    del graph.node[:]
    graph.node.extend(nodes)
    data: bytes = model.SerializeToString()
    return data


def _read(graph: Any, name: str, shape: list[int], places: dict[str, tuple[int, int]]) -> list[Any]:
    """The nodes that make a weight of what the file holds: a cast from half precision, or 8 bits times their scales."""
    import onnx

    def stored(key: str, kind: int, shape: list[int]) -> str:
        one = onnx.TensorProto(name=f"{key}.stored", data_type=kind, dims=shape)
        one.data_location = onnx.TensorProto.EXTERNAL
        for what, value in zip(("offset", "length"), places[key], strict=True):
            one.external_data.add(key=what, value=str(value))
        one.external_data.add(key="location", value=WEIGHTS)
        graph.initializer.append(one)
        return str(one.name)

    def cast(given: str, out: str) -> Any:
        return onnx.helper.make_node("Cast", [given], [out], to=onnx.TensorProto.FLOAT)

    key = _key(name)
    if key + SCALE not in places:
        return [cast(stored(key, onnx.TensorProto.FLOAT16, shape), name)]
    scales = [shape[0], *[1] * (len(shape) - 1)]
    return [
        cast(stored(key, onnx.TensorProto.INT8, shape), f"{key}.whole"),
        onnx.helper.make_node("Mul", [f"{key}.whole", stored(key + SCALE, onnx.TensorProto.FLOAT, scales)], [name]),
    ]


def _key(name: str) -> str:
    """A parameter's name in the weights file."""
    return name.removeprefix("member.")
