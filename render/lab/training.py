"""A cell's work: train to every checkpoint, keep each as weights with the pictures of the lab's seeds, and measure it.

Killed at any point, a cell goes on where it was and ends with the same files; only what things cost (`cost.json`)
depends on the machine and the hour.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from filelock import FileLock, Timeout

from render.config import Gallery
from render.config.lab import Lab
from render.display import DisplayMapping
from render.durable import write_whole
from render.errors import NonesuchError
from render.finished import write_tensors
from render.generators import load_generator
from render.lab.cells import Cell, Places, seeds_of
from render.lab.families import Material, begin
from render.plausibility.judge import FIRST_SEED, Judge
from render.training.dataset import TrainingSet
from render.training.pool import Pictures as Pool
from render.training.run import Run, train
from render.training.samples import drawn, pictures_of_class
from render.training.sheets import contact_sheet
from render.training.shipping import Description, card_of, stored
from render.weights import CARD, MODEL, Card, find_weights, save_card

FRAMES = 60
"""Pictures of one seed through a whole training."""
Progress = Callable[[int, int], None]


def work(gallery: Gallery, lab: Lab, cell: Cell, progress: Progress = lambda done, of: None) -> None:
    """Finish a cell, from wherever it was left. Raises NonesuchError with one sentence where that cannot be done."""
    places = Places(gallery.folder)
    with _alone(places.cell(cell)):
        _same(places.cell(cell) / "cell.json", cell)
        material = _material(gallery, lab, cell)
        if any(not _kept(places, cell, step) for step in cell.checkpoints):
            _train(places, lab, cell, material, progress)
        unmeasured = [step for step in cell.checkpoints if not places.figures(cell, step).is_file()]
        if unmeasured:
            detector = find_weights(lab.detector, gallery.folder)
            judge = Judge(
                material.training_set, material.mapping, detector, lab.pictures, lab.checked, places.root / "judge"
            )
            for step in unmeasured:
                _measure(places, cell, step, judge)


def read(path: Path) -> dict[str, Any]:
    """A JSON object; empty where there is none yet."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def write(path: Path, value: dict[str, Any]) -> None:
    """A JSON object under its final name, whole."""
    write_whole(path, json.dumps(value, indent=1) + "\n")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one process works on a cell; the system frees the lock however that process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise NonesuchError(f"{folder.name}: another process is at work on this cell.") from None
    try:
        yield
    finally:
        lock.release()


def _same(path: Path, cell: Cell) -> None:
    before = read(path)
    if before and before != cell.identity:
        other = ", ".join(
            f"{name} {before.get(name)}" for name in cell.identity if before.get(name) != cell.identity[name]
        )
        raise NonesuchError(
            f"{cell.name}: it was begun with another {other}: change gallery.toml back, or delete {path.parent} to "
            "begin anew."
        )
    write(path, cell.identity)


def _material(gallery: Gallery, lab: Lab, cell: Cell) -> Material:
    """The pictures of the cell's size; all of one class, so that a seed is all that a picture comes from."""
    folder = gallery.folder / str(lab.training_set)
    several = folder / str(cell.size)
    training_set = TrainingSet.open(several if several.is_dir() else folder)
    if training_set.size != cell.size:
        raise NonesuchError(
            f"{cell.name}: {training_set.folder} holds pictures of {training_set.size} px; "
            f"prepare some with --size {cell.size}."
        )
    mapping = DisplayMapping.named(lab.display)
    return Material(training_set, Pool.load(training_set, mapping, None, ["picture"], lab.turns), mapping)


def _kept(places: Places, cell: Cell, step: int) -> bool:
    return (places.stop(cell, step) / CARD).is_file()


def _train(places: Places, lab: Lab, cell: Cell, material: Material, progress: Progress) -> None:
    run = places.cell(cell) / "run"
    training = begin(cell, material, run)
    seeds = seeds_of(lab)
    film = _Film(places.frames(cell), training, material, seeds[0], cell.checkpoints[-1])
    memory = int(read(places.cost(cell)).get("memory", 0))

    def step_done(step: int, steps: int, loss: float, rate: float) -> None:
        nonlocal memory
        memory = max(memory, _memory(training))
        film.step(step)
        progress(step, steps)

    film.step(training.step)
    for step in cell.checkpoints:
        if _kept(places, cell, step):
            continue
        if training.step > step:
            raise NonesuchError(
                f"{cell.name}: checkpoint {step} is missing, and the training is at step {training.step}: take it out "
                f"of the sweep's checkpoints, or delete {places.cell(cell)} to train the cell anew."
            )
        train(training, step_done, stop=partial(_is_there, training, step))
        _keep(places.stop(cell, step), training, material, cell, seeds)
        _tell_cost(places.cost(cell), training, memory)


class _Film:
    """Pictures of one seed through the training, some sixty in all, drawn between steps."""

    def __init__(self, folder: Path, training: Run, material: Material, seed: int, last: int) -> None:
        self._folder, self._training, self._material, self._seed = folder, training, material, seed
        self._every = max(1, last // FRAMES)
        folder.mkdir(parents=True, exist_ok=True)

    def step(self, step: int) -> None:
        path = self._folder / f"{step:06d}.png"
        if step % self._every == 0 and not path.is_file():
            card = _card(self._training, self._material, "frame")
            data = pictures_of_class(self._training.generator(card), 0, [self._seed])
            _save(path, [data[0]], self._material.mapping)


def _card(training: Run, material: Material, name: str) -> Card:
    about = Description(name, "", material.training_set.folder.name)
    return card_of(training, material.training_set, material.mapping, about)


def _save(path: Path, data: list[Any], mapping: DisplayMapping) -> None:
    """Pictures in data space as one lossless square sheet, which is there whole or not at all."""
    side = int(np.ceil(np.sqrt(len(data))))
    temporary = path.with_name(f".{path.name}")
    contact_sheet([mapping.to_display(one) for one in data], side).save(temporary, "PNG")
    temporary.replace(path)


def _keep(folder: Path, training: Run, material: Material, cell: Cell, seeds: list[int]) -> None:
    """The stop as a weights folder. Seconds and device are left out of its card: they belong to `cost.json`."""
    card = _card(training, material, f"{cell.name}-{training.step}")
    card = card.model_copy(update={"training": card.training.model_copy(update={"seconds": 0.0, "device": ""})})
    building = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    tensors = {name: stored(value) for name, value in training.average.state_dict().items()}
    write_tensors(building / MODEL, tensors, card)
    data = pictures_of_class(training.generator(card), 0, seeds)
    _save(building / "sheet.png", list(data), material.mapping)
    save_card(building, card)
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)


def _is_there(training: Run, step: int) -> bool:
    return training.step >= step


def _tell_cost(path: Path, training: Run, memory: int) -> None:
    before = read(path)
    seconds = before.get("seconds", {}) | {str(training.step): round(training.seconds, 2)}
    device = training.accelerator.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    write(path, before | {"seconds": seconds, "memory": memory, "device": name})


def _memory(training: Run) -> int:
    """Bytes: on a GPU the most that torch has held there, otherwise what the whole process takes now."""
    if training.accelerator.device.type == "cuda":
        return int(torch.cuda.max_memory_allocated())
    return int(psutil.Process(os.getpid()).memory_info().rss)


def _measure(places: Places, cell: Cell, step: int, judge: Judge) -> None:
    """Draw as many pictures as the judge compares, from the weights as they are kept, and write down what it says."""
    generator = load_generator(places.stop(cell, step))
    began = time.perf_counter()
    pictures = drawn(generator, range(FIRST_SEED, FIRST_SEED + judge.count))
    rate = judge.count / (time.perf_counter() - began)
    told = {"compared": judge.count, "checked": min(judge.checked, judge.count), "floor": judge.floor}
    write(places.figures(cell, step), judge.figures(pictures) | told)
    write(places.cost(cell), read(places.cost(cell)) | {"draws": round(rate, 2)})
