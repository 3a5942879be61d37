"""Train the galaxies that ship, for as long as a device is lent, and bring back all that is needed to go on.

    python benchmarks/train_galaxies.py galaxies.tar labels.csv OUT --seconds 400
        [--model galaxy-96-open|galaxy-upscaler] [--before OUT_OF_LAST_TIME] [--expert]

It makes the training set, trains until the seconds are over, draws a sheet, measures, and leaves in OUT the weights
folder, in 8 bits, and the state of the training in half precision: eight files of less than 16 MiB, so that a machine
that forgets all can be gone back to with what is small enough to carry. The learning rate's plan reaches over --steps,
those of all times together. --expert teaches the network for the last steps instead, beside the weights as they are.

Prints pictures a second and the FLOP/s that training reached, beside those of a large matrix product on that device.
Try it on a CPU first: --seconds 60 --batch 8.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import torch
from night import peak
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from render.cli import run as nonesuch
from render.display import DisplayMapping
from render.generators.network import FlowNetwork, NetworkSettings
from render.quantise import quantise
from render.training.checkpoint import CHECKPOINT
from render.training.flow import FlowSettings
from render.training.shipping import Description, train_generator
from render.training.upscaler import train_upscaler
from render.weights import find_weights

LARGEST = int(15.9 * 2**20)
PSEUDO = "pseudo.npy"


@dataclass(frozen=True)
class Model:
    """What is trained: what the card says of its data, the size of the pictures, which sources are left out, and which
    is drawn three times as often; second: whether it enlarges what others draw.
    """

    data: str
    size: int = 96
    without: tuple[str, ...] = ()
    favoured: str | None = "efigi"
    second: bool = False


MODELS = {
    "galaxy-96": Model("EFIGI, SDSS, Galaxy Zoo 2; EFIGI drawn three times as often"),
    "galaxy-96-open": Model("EFIGI and SDSS; EFIGI drawn three times as often", without=("gz",)),
    "galaxy-upscaler": Model("Galaxy Zoo 2, 256 px wide", 256, ("efigi", "sdss"), None, second=True),
}


def pack(run: Path, out: Path) -> None:
    """A checkpoint in half precision and small parts; second moments are too small for float16, not for bfloat16."""
    kept: dict[str, Tensor] = {}
    with safe_open(run / CHECKPOINT, framework="pt") as file:
        progress = file.metadata()
        for key in file.keys():  # noqa: SIM118 - a safetensors handle is no dict
            group = key.partition("/")[0]
            if group != "network":  # the average stands for it
                value = file.get_tensor(key)
                if value.is_floating_point() and value.dim():
                    value = value.half() if group == "average" else value.bfloat16()
                kept[key] = value.contiguous()
    sizes = {key: value.numel() * value.element_size() for key, value in kept.items()}
    parts: list[dict[str, Tensor]] = [{} for _ in range(math.ceil(sum(sizes.values()) / LARGEST))]
    held = [0] * len(parts)
    for key in sorted(kept, key=lambda key: -sizes[key]):
        lightest = held.index(min(held))
        parts[lightest][key] = kept[key]
        held[lightest] += sizes[key]
    for number, part in enumerate(parts):
        save_file(part, out / f"state-{number}.safetensors", progress)


def unpack(out: Path, run: Path, expert: bool) -> None:
    """What `pack` left, as a checkpoint to go on from; the network that learns begins where its average stood."""
    tensors: dict[str, Tensor] = {}
    progress: dict[str, str] = {}
    for path in sorted(out.glob("state-*.safetensors")):
        with safe_open(path, framework="pt") as file:
            progress = file.metadata()
            for key in file.keys():  # noqa: SIM118 - a safetensors handle is no dict
                value = file.get_tensor(key)
                tensors[key] = value.float() if value.is_floating_point() else value
    own = "average/expert." if expert else "average/"
    averaged = {key.removeprefix(own): value for key, value in tensors.items() if key.startswith(own)}
    tensors |= {f"network/{name}": value.clone() for name, value in averaged.items()}
    save_file(tensors, run / CHECKPOINT, progress)


def flops_a_picture(settings: NetworkSettings) -> float:
    """Of a training step: the backward pass costs twice the forward one."""
    network, n = FlowNetwork(settings), 2
    classes, sources = torch.zeros(n, settings.classes + 1), torch.zeros(n, settings.sources + 1)
    picture, sketch = torch.zeros(n, 3, settings.size, settings.size), torch.zeros(n, 1, settings.size, settings.size)
    with FlopCounterMode(display=False) as counter:
        network(picture, torch.zeros(n), classes, sources, sketch, torch.zeros(n))
    return 3 * float(counter.get_total_flops()) / n


@click.command
@click.argument("pictures", type=click.Path(exists=True, path_type=Path))
@click.argument("labels", type=click.Path(exists=True, path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--model", "name", type=click.Choice(list(MODELS)), default="galaxy-96", show_default=True)
@click.option("--seconds", default=400.0, help="Of training; preparing and measuring come on top.")
@click.option("--before", type=click.Path(exists=True, path_type=Path), help="The OUT of the last time.")
@click.option(
    "--pseudo",
    type=click.Path(exists=True, path_type=Path),
    help="The classes that the classifier found in an earlier run, its pseudo.npy: finding them takes minutes.",
)
@click.option("--steps", default=20_000, help="Optimiser steps of all times together.")
@click.option("--batch", default=256)
@click.option("--rate", default=6e-4)
@click.option("--expert", is_flag=True, help="Teach the network for the last steps.")
def command(
    pictures: Path, labels: Path, out: Path, name: str, seconds: float, before: Path | None, pseudo: Path | None,
    steps: int, batch: int, rate: float, expert: bool,
) -> None:  # fmt: skip
    """Train, measure, pack."""
    out.mkdir(parents=True, exist_ok=True)
    model = MODELS[name]
    if model.second and expert:
        raise click.UsageError("a second stage has no expert: leave out --expert.")
    title = "galaxy, second stage" if model.second else "galaxy"
    about = Description(name, title, f"SDSS colour cut-outs: {model.data}")
    device, precision = ("cuda", "bf16") if torch.cuda.is_available() else ("cpu", "fp32")
    settings = FlowSettings(
        steps=steps,
        batch=batch,
        rate=rate,
        checkpoint_every=10**9,
        favoured=model.favoured,
        precision=precision,
        expert=expert,
    )
    with tempfile.TemporaryDirectory() as scratch:
        prepared, run, trained_in = Path(scratch, f"galaxies{model.size}"), Path(scratch, "run"), Path(scratch, name)
        left_out = [word for source in model.without for word in ("--without", source)]
        size = ["--size", str(model.size)]
        if nonesuch(["prepare", str(pictures), str(prepared), *size, "--labels", str(labels), *left_out]):
            raise SystemExit(1)
        run.mkdir()
        if before:
            unpack(before, run, expert)
            pseudo = before / PSEUDO if (before / PSEUDO).exists() else None
        if pseudo:
            shutil.copy(pseudo, run / PSEUDO)
        seen, begun = [0], [0.0]

        def report(step: int, of: int, loss: float, pace: float) -> None:
            begun[0] = begun[0] or time.monotonic()
            seen[0] += batch
            if step % 100 == 0:
                click.echo(f"step {step} of {of}: loss {loss:.4f}, {pace:.0f} pictures a second", err=True)

        def over() -> bool:
            return begun[0] > 0 and time.monotonic() - begun[0] > seconds

        if model.second:
            sky, start = DisplayMapping(), find_weights(name)
            card = train_upscaler(prepared, run, trained_in, settings, about, sky, "all", report, over, start)
        else:
            judge, start = find_weights("galaxy-classifier"), find_weights(name)
            card = train_generator(prepared, run, trained_in, settings, about, judge, report, over, start=start)
        shutil.rmtree(out / name, ignore_errors=True)
        quantise(trained_in, out / name)
        pack(run, out)
        if (run / PSEUDO).exists():
            shutil.copy(run / PSEUDO, out)
        click.echo(f"{card.training.steps} steps, {card.training.images_seen} pictures seen, on {card.training.device}")
        click.echo(json.dumps(card.quality, indent=1))
    trained = card.network["expert"] if expert else card.network
    pace, work = seen[0] / seconds, flops_a_picture(NetworkSettings.from_card(trained))
    best = peak(device, precision)
    click.echo(
        f"{pace:.0f} pictures a second over {seconds:.0f} s, {work / 1e9:.1f} GFLOP each: "
        f"{pace * work / 1e12:.3f} TFLOP/s, where a matrix product reaches {best / 1e12:.3f}"
    )


if __name__ == "__main__":
    command()
