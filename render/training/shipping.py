"""From a training set to a weights folder that can be shipped: card, tensors in half precision, sample sheet."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from render.classify import CLASSES, Classifier
from render.display import DisplayMapping
from render.errors import NonesuchError
from render.generators.flow import FlowGenerator
from render.generators.network import FlowNetwork
from render.training.colour import fitting_blur
from render.training.dataset import TrainingSet
from render.training.flow import FlowSettings, FlowTraining, Pictures, Report, accelerator, train_flow
from render.training.pseudo import pseudo_labels
from render.training.quality import generator_quality
from render.training.samples import DEFAULT_SAMPLING, PER_CLASS, samples
from render.training.sheets import loss_curve, sample_sheet
from render.weights import Card, Credit, Training, load_card, load_tensors, save_card


@dataclass(frozen=True)
class Description:
    """What a run cannot know of itself."""

    name: str
    title: str
    data: str


def generator_of(training: FlowTraining, card: Card) -> FlowGenerator:
    """The run's averaged weights behind the generator protocol, where they stand."""
    average = training.average
    assert isinstance(average, FlowNetwork)
    return FlowGenerator(card, average, str(training.accelerator.device), "fp32")


def look(training: FlowTraining, card: Card) -> None:
    """The sheet and the curve that every checkpoint leaves in the run's folder."""
    sheet = sample_sheet(samples(generator_of(training, card), per_class=4), card.mapping, columns=4)
    sheet.save(training.run / f"sheet-{training.step:06d}.png")
    loss_curve(training.run / "loss.csv", training.run / "loss.png")


def card_of(
    training: FlowTraining,
    training_set: TrainingSet,
    mapping: DisplayMapping,
    about: Description,
    before: Card | None = None,
) -> Card:
    """The card of a run as it stands; before: the card of the weights that it began from."""
    network = training.average
    assert isinstance(network, FlowNetwork)
    earlier = before.training if before else Training()
    kept = training_set.training()
    folds = sorted({int(fold) for fold in training_set.folds[kept]})
    credits = [
        Credit(name=attribution, text=f"{count} pictures", licence=licence)
        for (attribution, licence), count in training_set.credits(kept).items()
    ]
    return Card(
        name=about.name,
        family="flow",
        title=about.title,
        size=network.settings.size,
        parameters=sum(p.numel() for p in network.parameters()),
        classes=training.pictures.class_names,
        sources=training.pictures.source_names,
        network=network.settings.as_card(),
        display=mapping.settings(),
        sampling=DEFAULT_SAMPLING,
        training=Training(
            data=about.data,
            pictures_sha256=training_set.identity(),
            folds=folds,
            pictures=len(kept),
            images_seen=earlier.images_seen
            + training.step * training.settings.batch * training.accelerator.num_processes,
            steps=earlier.steps + training.step,
            seconds=round(earlier.seconds + training.seconds, 1),
            device=f"{training.accelerator.device.type}, {platform.machine()}, threads: {torch.get_num_threads()}",
            credits=credits,
        ),
    )


def write_weights(folder: Path, training: FlowTraining, card: Card) -> None:
    """A weights folder from a run: built beside its final name and moved there whole."""
    building = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    half = {name: value.detach().cpu().half().contiguous() for name, value in training.average.state_dict().items()}
    save_file(half, building / "model.safetensors")
    sample_sheet(samples(generator_of(training, card)), card.mapping, PER_CLASS).save(building / "sheet.png")
    loss_curve(training.run / "loss.csv", building / "loss.png")
    save_card(building, card)
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)


def train_generator(
    source: Path,
    run: Path,
    out: Path,
    settings: FlowSettings,
    about: Description,
    classifier: Path | None = None,
    report: Report | None = None,
    stop: Callable[[], bool] = lambda: False,
    start: Path | None = None,
) -> Card:
    """Train on the prepared set `source`, in the folder `run`, and write the weights folder `out`.

    Goes on exactly where a killed run left off. classifier: weights that give unlabelled pictures a class. Labels that
    are not Hubble classes become the classes in their alphabetical order. start: weights of the same shape from
    which a new run begins; the card then counts its training too. Raises NonesuchError when that one does not fit.
    """
    training_set, mapping = TrainingSet.open(source), DisplayMapping()
    run.mkdir(parents=True, exist_ok=True)
    with accelerator().main_process_first():  # the others read what it has written
        pseudo = pseudo_labels(training_set, classifier, mapping, run / "pseudo.npy") if classifier else None
    pictures = Pictures.load(training_set, mapping, pseudo, class_names(training_set))
    before = fitting_card(start, pictures, settings) if start else None
    training = train_flow(
        pictures,
        run,
        settings,
        report,
        lambda state: look(state, card_of(state, training_set, mapping, about, before)),
        stop,
        load_tensors(start) if start else None,
    )
    card = card_of(training, training_set, mapping, about, before)
    if training.accelerator.is_main_process:
        average = training.average
        assert isinstance(average, FlowNetwork)
        average.settings = replace(average.settings, colour=fitting_blur(generator_of(training, card), training_set))
        card = card.model_copy(update={"network": average.settings.as_card()})
        judge = Classifier.load(classifier) if classifier else None
        quality = generator_quality(generator_of(training, card), training_set, judge)
        card = card.model_copy(update={"quality": quality})
        write_weights(out, training, card)
    return card


def fitting_card(start: Path, pictures: Pictures, settings: FlowSettings) -> Card:
    """The card of weights that a run with these pictures and settings can begin from, or one sentence why it cannot."""
    card = load_card(start)
    wanted = {
        "family": (card.family, "flow"),
        "size": (card.size, pictures.data.shape[-1]),
        "classes": (card.classes, pictures.class_names),
        "sources": (card.sources, pictures.source_names),
        "channels": (list(card.network.get("channels", [])), list(settings.channels)),
        "fold": (card.network.get("fold"), settings.fold),
    }
    for name, (theirs, ours) in wanted.items():
        if theirs != ours:
            raise NonesuchError(f"{start}: its {name} is {theirs}, this training's {ours}: begin without --from.")
    return card


def class_names(training_set: TrainingSet) -> list[str]:
    """The labels of a set: Hubble's order where they are Hubble's classes, else the alphabet's."""
    found = {label for label in training_set.column("label") if label} or {"picture"}
    return [name for name in CLASSES if name in found] if found <= set(CLASSES) else sorted(found)
