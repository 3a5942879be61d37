"""From a training set to a weights folder that can be shipped: card, tensors in half precision, sample sheet."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from render.classify import CLASSES, Classifier
from render.display import DISTANCE, PLAIN, SKY, DisplayMapping
from render.errors import NonesuchError, UsageError
from render.finished import write_tensors
from render.generators.autoencoder import Autoencoder
from render.generators.flow import FlowGenerator
from render.training import student
from render.training.dataset import TrainingSet
from render.training.expert import sampling_with_expert
from render.training.flow import CHANNELS, FlowSettings, FlowTraining, Pool, Sketched, favouring
from render.training.grafting import fold_beside, grafted, startable
from render.training.latents import Latents, load_autoencoder
from render.training.outlines import Outlines
from render.training.pool import Pictures, Turns, class_names
from render.training.pseudo import pseudo_labels
from render.training.quality import generator_quality
from render.training.run import Report, Run, accelerator, train
from render.training.samples import PER_CLASS
from render.training.sheets import loss_curve, save_sheet
from render.training.touches import touched
from render.training.zoomed import Zoomed
from render.weights import MODEL, Card, Credit, Training, load_card, save_card, weights_hash

T = TypeVar("T", bound=Run)
SKY_MAPPING = DisplayMapping()
LATENT_FOLD = 2
"""Latents that become channels, a side: the autoencoder has folded most already."""


@dataclass(frozen=True)
class Description:
    """What a run cannot know of itself."""

    name: str
    title: str
    data: str


class Watching(Protocol):
    """Who looks at a training at every checkpoint, and ends it before it copies what it learns from."""

    def look(self, training: Run, card: Card) -> None:
        """Called at a checkpoint, before the next step."""

    def copies(self) -> bool:
        """Whether the training is to end."""

    def take_back(self, training: Run) -> dict[str, Any]:
        """Give it the weights of the last checkpoint that copied nothing; answers with what the card keeps of it."""


def look(training: Run, card: Card) -> None:
    """The sheets and the curve that every checkpoint leaves in the run's folder."""
    for name, sheet in training.sheets(card, 4).items():
        sheet.save(training.run / f"{name}-{training.step:06d}.png")
    loss_curve(training.run / "loss.csv", training.run / "loss.png", training.losses)


def card_of(
    training: Run,
    training_set: TrainingSet,
    mapping: DisplayMapping,
    about: Description,
    before: Card | None = None,
) -> Card:
    """The card of a run as it stands; before: the card of the weights that it began from."""
    network = training.average
    earlier = before.training if before else Training()
    kept = training_set.training()
    folds = sorted({int(fold) for fold in training_set.folds[kept]})
    credits = [
        Credit(name=attribution, text=f"{count} pictures", licence=licence)
        for (attribution, licence), count in training_set.credits(kept).items()
    ]
    return Card(
        name=about.name,
        family=training.family,
        title=about.title,
        size=training_set.size,
        parameters=sum(p.numel() for p in network.parameters()),
        classes=training.classes,
        sources=training.sources,
        network=network.settings.as_card(),
        display=mapping.settings(),
        sampling=training.sampling,
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


def write_weights(folder: Path, training: Run, card: Card) -> None:
    """A weights folder from a run: built beside its final name and moved there whole."""
    building = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    tensors = {name: stored(value) for name, value in training.average.state_dict().items()}
    write_tensors(building / MODEL, tensors, card)
    for name, sheet in training.sheets(card, PER_CLASS).items():
        save_sheet(building, name, sheet)
    loss_curve(training.run / "loss.csv", building / "loss.png", training.losses)
    save_card(building, card)
    shutil.rmtree(folder, ignore_errors=True)
    building.rename(folder)


def stored(value: Tensor) -> Tensor:
    """A tensor as it ships: real numbers in half precision, unless that cannot hold them."""
    value = value.detach().cpu().contiguous()
    half = value.half()
    return half if value.is_floating_point() and bool(half.isfinite().all()) else value


def train_to_weights(
    training_set: TrainingSet,
    mapping: DisplayMapping,
    training: T,
    out: Path,
    about: Description,
    *,
    classifier: Path | None = None,
    report: Report | None = None,
    stop: Callable[[], bool] = lambda: False,
    before: Card | None = None,
    finish: Callable[[T, Card], None] = lambda training, card: None,
    watch: Watching | None = None,
) -> Card:
    """Go on with a training to its end and write the weights folder `out`; every family's.

    before: the card of the weights that it began from, whose training counts too. finish: the last touches
    to the averaged weights, once they are trained. watch: ends the training before it copies; in one process alone.
    """

    def told(state: T) -> Card:
        return card_of(state, training_set, mapping, about, before)

    def at_checkpoint(state: T) -> None:
        look(state, told(state))
        if watch:
            watch.look(state, told(state))

    train(training, report, at_checkpoint, lambda: stop() or (watch is not None and watch.copies()))
    if training.accelerator.is_main_process:
        copies = watch.take_back(training) if watch else {}
        finish(training, told(training))
        card = told(training)
        judge = Classifier.load(classifier) if classifier else None
        quality = generator_quality(training.generator(card), training_set, judge)
        quality |= {"watched": copies} if watch else {}
        card = card.model_copy(update={"quality": quality})
        write_weights(out, training, card)
        return card
    return told(training)


def gather(
    source: Path,
    run: Path,
    mapping: DisplayMapping,
    classifier: Path | None = None,
    turns: Turns = "all",
    labelled: bool = True,
) -> tuple[TrainingSet, Pictures]:
    """The prepared set `source` and its pictures in memory; `run` keeps the classes that a classifier found.

    labelled: whether labels become classes; otherwise all pictures are of one. Of a set without any label the classes
    are those that the classifier knows, where there is one.
    """
    training_set = TrainingSet.open(source)
    run.mkdir(parents=True, exist_ok=True)
    names = class_names(training_set) if labelled else ["picture"]
    if labelled and classifier and not any(training_set.column("label")):
        names = list(CLASSES)
    with accelerator().main_process_first():  # the others read what it has written
        pseudo = pseudo_labels(training_set, classifier, mapping, run / "pseudo.npy") if classifier else None
    return training_set, Pictures.load(training_set, mapping, pseudo, names, turns)


@dataclass(frozen=True)
class Job:
    """What every family's training is told. display: the name of a mapping; for the rest see `gather`."""

    source: Path
    run: Path
    out: Path
    about: Description
    display: str = PLAIN
    turns: Turns = "none"
    labelled: bool = True
    classifier: Path | None = None


@dataclass(frozen=True)
class Work:
    """A job with its pictures in memory."""

    job: Job
    training_set: TrainingSet
    mapping: DisplayMapping
    pictures: Pictures


def train_family(
    job: Job,
    begin: Callable[[Work], Run],
    report: Report | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Card:
    """Train a family that needs no last touch. begin: makes the training, which takes up what lies in its folder."""
    mapping = DisplayMapping.named(job.display)
    training_set, pictures = gather(job.source, job.run, mapping, job.classifier, job.turns, job.labelled)
    training = begin(Work(job, training_set, mapping, pictures))
    return train_to_weights(
        training_set, mapping, training, job.out, job.about, classifier=job.classifier, report=report, stop=stop
    )


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
    mapping: DisplayMapping = SKY_MAPPING,
    turns: Turns = "all",
    zoom: int = 1,
    watch: Callable[[TrainingSet], Watching] | None = None,
    autoencoder: Path | None = None,
    teacher: Path | None = None,
) -> Card:
    """Train the flow family on the prepared set `source`, in the folder `run`, and write the weights folder `out`.

    Goes on exactly where a killed run left off. classifier: weights that give unlabelled pictures a class. Labels that
    are not Hubble classes become the classes in their alphabetical order. start: weights of the same shape from
    which a new run begins; the card then counts its training too. Raises NonesuchError when that one does not fit.
    watch: begins to look out for copies; see `Watching`. zoom: the network works on pictures so many times smaller,
    and draws detail after. autoencoder: weights in whose latents the network draws instead of in pixels. teacher:
    finished weights; what is learned is to answer in one pass what they answer in two, by a small network or, with
    `start`, by one that goes on.
    """
    training_set, pictures = gather(source, run, mapping, classifier, turns)
    if teacher:
        if autoencoder or settings.expert or zoom > 1:
            raise UsageError(
                "a student draws pixels at once: leave out --teacher, or --autoencoder, --expert and --zoom."
            )
        if not start:
            settings = replace(settings, fold=student.SHAPE["fold"], channels=student.SHAPE["channels"])
        about = replace(about, data=f"{about.data}; taught by {teacher.name}, {weights_hash(teacher)[:12]}")
    between = _autoencoder(autoencoder, training_set, mapping, zoom, start) if autoencoder else None
    if between is not None:
        settings, zoom = replace(settings, fold=LATENT_FOLD), 1
    before = startable(start) if start else None
    if before:
        settings = begun(settings, before, training_set.size // zoom)
    settings = replace(settings, channels=settings.channels or CHANNELS)
    reduced = zoom * (between.settings.reduce if between else 1)
    if training_set.size % (reduced * settings.fold * 2 ** (len(settings.channels) - 1)):
        raise UsageError(f"pictures of {training_set.size} px cannot be drawn at a zoom of {reduced}: choose another.")
    expert = before.network.get("expert") if before else None
    if before and (before.training.pictures_sha256 != training_set.identity() or before.size != training_set.size):
        expert = None  # what it knows is how other pictures end
    if settings.expert and (before is None or zoom > 1 or before.size != training_set.size):
        raise UsageError(
            "--expert learns the last steps beside finished weights: name them with --from, of this size, without"
            " --zoom."
        )
    pictures = favouring(pictures, settings)
    pool = Latents(pictures, between) if between else pool_of(pictures, mapping, zoom)
    graft = grafted(start, pool, settings.fold, mapping, bool(expert)) if start else None
    master = teaching(teacher, pool, mapping, settings) if teacher else None
    training = FlowTraining(pool, run, settings, graft, between, expert, master)
    if before and before.sampling:
        training.sampling = before.sampling  # what was chosen for these weights, not where a new network begins
    if master:
        training.sampling = student.SAMPLING if not start else student.unguided(training.sampling)
    if settings.expert and not expert:
        training.sampling = sampling_with_expert(training.sampling)

    if watch and training.accelerator.num_processes > 1:
        raise UsageError("a training in several processes cannot be watched for copies: leave out --watch.")

    def finish(training: FlowTraining, card: Card) -> None:
        training.average.settings, training.sampling = touched(training.generator(card), training_set, turns)

    return train_to_weights(
        training_set,
        mapping,
        training,
        out,
        about,
        classifier=classifier,
        report=report,
        stop=stop,
        before=before,
        finish=finish,
        watch=watch(training_set) if watch else None,
    )


def begun(settings: FlowSettings, before: Card, side: int) -> FlowSettings:
    """The settings of a run that goes on with weights, on pictures that its network sees at `side` px."""
    channels = tuple(int(one) for one in before.network["channels"])
    if settings.channels and settings.channels != channels:
        raise NonesuchError(
            f"{before.name}: its channels are {list(channels)}, this training's {list(settings.channels)}: leave out"
            " --channels, or --from."
        )
    below = float(before.network.get("below", settings.below))
    return replace(settings, channels=channels, fold=fold_beside(before, side), below=below)


def _autoencoder(
    folder: Path, training_set: TrainingSet, mapping: DisplayMapping, zoom: int, start: Path | None
) -> Autoencoder:
    """The autoencoder to draw through, or one sentence why what was asked for does not go together."""
    for asked, option in ((zoom > 1, "--zoom"), (start, "--from"), (mapping.name == DISTANCE, "--display distance")):
        if asked:
            raise UsageError(f"{option} is for networks that draw pixels: leave out --autoencoder, or that.")
    return load_autoencoder(folder, training_set.size, mapping.settings())


def pool_of(pictures: Pictures, mapping: DisplayMapping, zoom: int = 1) -> Pool:
    """Where a flow network's batches come from. Raises UsageError for silhouettes that are to be drawn in two."""
    if mapping.name == DISTANCE:
        if zoom > 1:
            raise UsageError("--zoom is for texture: silhouettes are drawn at once, and published at any size.")
        return Outlines(pictures, mapping)
    return Zoomed(pictures, zoom) if zoom > 1 else Sketched(pictures, mapping.name != SKY)


def teaching(folder: Path, pool: Pool, mapping: DisplayMapping, settings: FlowSettings) -> student.Teacher:
    """Finished weights as a teacher for this pool's pictures, or one sentence why they cannot be."""
    card = load_card(folder)
    wanted = {
        "family": (card.family, "flow"),
        "size": (card.size, pool.size),
        "classes": (card.classes, pool.class_names),
        "sources": (card.sources, pool.told_sources),
        "display": (card.display, mapping.settings()),
        "zoom": (card.network.get("zoom", 1), 1),
        "latents": (bool(card.network.get("autoencoder")), False),
    }
    for name, (theirs, ours) in wanted.items():
        if theirs != ours:
            raise NonesuchError(f"{folder} cannot teach these pictures: {name} {theirs}, here {ours}.")
    precision = "fp32" if settings.precision == "auto" else settings.precision
    return student.Teacher(FlowGenerator.load(folder, str(accelerator().device), precision), settings.compiled)
