"""Somebody else's classifier in the classifier's place: it must be read as its card says, and run nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from render.classify.loading import load_classifier
from render.cli import cli
from render.errors import NonesuchError
from render.weights import load_card, save_card, unfit

onnx = pytest.importorskip("onnx", reason="onnx is not installed (extra browser)")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (extra onnx)")


def graph(path: Path, outputs: int, external: str = "") -> Path:
    """The mean of red and of blue, times ten, as two logits; further outputs are always unlikely."""
    weight = np.zeros((3, outputs), np.float32)
    weight[0, 0] = weight[2, 1] = 10
    bias = np.array([0, 0] + [-50] * (outputs - 2), np.float32)
    tensors = [onnx.numpy_helper.from_array(weight, "weight"), onnx.numpy_helper.from_array(bias, "bias")]
    if external:
        tensors[0].ClearField("raw_data")
        tensors[0].data_location = onnx.TensorProto.EXTERNAL
        tensors[0].external_data.add(key="location", value=external)
    nodes = [
        onnx.helper.make_node("GlobalAveragePool", ["picture"], ["mean"]),
        onnx.helper.make_node("Flatten", ["mean"], ["flat"]),
        onnx.helper.make_node("Gemm", ["flat", "weight", "bias"], ["logits"]),
    ]
    kind = onnx.TensorProto.FLOAT
    fed = onnx.helper.make_tensor_value_info("picture", kind, [1, 3, 16, 16])
    given = onnx.helper.make_tensor_value_info("logits", kind, [1, outputs])
    made = onnx.helper.make_model(
        onnx.helper.make_graph(nodes, "g", [fed], [given], tensors),
        opset_imports=[onnx.helper.make_opsetid("", 17)],
        ir_version=9,
    )
    path.write_bytes(made.SerializeToString())
    return path


def brought(folder: Path, path: Path, *more: str) -> str:
    done = CliRunner().invoke(cli, ["weights", "onnx", str(path), str(folder), "--size", "16", *more])
    if done.exception is not None:
        raise done.exception
    return done.output


def test_a_graph_takes_the_classifiers_place(tmp_path: Path) -> None:
    told = brought(tmp_path / "mine", graph(tmp_path / "g.onnx", 3), "--outputs", "red,blue,grey", "--views", "8")
    assert "3 outputs into 3 classes: red, blue, grey" in told
    judge = load_classifier(tmp_path / "mine")
    red = torch.tensor([1.0, -1.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 40, 40)
    one, other = judge.classify(torch.cat([red, red.flip(1)]))
    assert (one.found, other.found) == ("red", "blue")
    assert one.probabilities["red"] == pytest.approx(1 / (1 + np.exp(-5)), abs=1e-5)  # ten times (1 less 0.5)
    card = load_card(tmp_path / "mine")
    drawn = card.model_copy(update={"family": "flow", "classes": ["blue", "red"]})
    assert unfit(card, drawn) is None


def test_ten_classes_of_another_survey_are_read_as_hubbles(tmp_path: Path) -> None:
    brought(tmp_path / "g10", graph(tmp_path / "g.onnx", 10), "--outputs", "galaxy10", "--into", "merging=elliptical")
    judge = load_classifier(tmp_path / "g10")
    assert judge.card.classes == [
        *("elliptical", "lenticular", "spiral_early", "spiral_mid", "spiral_late", "irregular", "dwarf_elliptical"),
    ]
    red = torch.tensor([1.0, -1.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 16, 16)
    assert [one.found for one in judge.classify(torch.cat([red, red.flip(1)]))] == ["irregular", "elliptical"]


def test_what_a_card_does_not_describe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NonesuchError, match="gives 2 numbers where its card names 3 outputs"):
        brought(tmp_path / "short", graph(tmp_path / "g.onnx", 2), "--outputs", "a,b,c")
    assert not (tmp_path / "short").exists()
    (tmp_path / "secret").write_bytes(b"\0" * 36)
    for outside in ("secret", "../secret", str(tmp_path / "secret")):
        with pytest.raises(NonesuchError, match="cannot be read"):
            brought(tmp_path / "out", graph(tmp_path / "g.onnx", 3, external=outside), "--outputs", "a,b,c")
    brought(tmp_path / "mine", graph(tmp_path / "g.onnx", 2), "--outputs", "red,blue")
    (tmp_path / "mine/model.onnx").write_bytes(graph(tmp_path / "g.onnx", 3).read_bytes())
    with pytest.raises(NonesuchError, match="is not the file that the card describes"):
        load_classifier(tmp_path / "mine")
    card = load_card(tmp_path / "mine")
    save_card(tmp_path / "mine", card.model_copy(update={"network": {"format": "onnx"}}))
    with pytest.raises(NonesuchError, match="does not say how its graph is read"):
        load_classifier(tmp_path / "mine")
