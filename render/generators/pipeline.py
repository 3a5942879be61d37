"""The pipeline family: any pipeline of diffusers, steered by prompts, pictures and masks.

A pipeline draws its own noise, by `torch.randn` with a generator for every picture. Here each generator stands for a
recipe's seed, and what is asked of it is answered with the recipe's own noise (`render.noise`): first the noise that
the engine drew, then further noise of the same seed, one stream of the counter for every request. So a picture depends
on its recipe alone, whatever pipeline, scheduler and batch, and a walk moves as smoothly as its noise.
"""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import diffusers
import torch
from diffusers import AutoPipelineForImage2Image, AutoPipelineForInpainting, DiffusionPipeline
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from torch import Tensor
from torch.overrides import TorchFunctionMode

from render.errors import NonesuchError
from render.generators import Drawings
from render.generators.building import between
from render.generators.drawing import as_square, glow
from render.generators.pipeline_folder import FOLDER, LORA, checked
from render.noise import STEPS, normals
from render.weights import Card, load_card

if TYPE_CHECKING:
    from render.recipe import Recipe

EMBEDDINGS = ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds")
COLOURLESS = 0.03
"""A picture whose channels differ by no more than this is taken for a drawing."""


@dataclass(frozen=True)
class Conditioning:
    """What steers a batch of n pictures. inputs: (n, 3, h, w) in [0, 1] or None; mask: (1, h, w), 1 where new pixels
    belong. embeddings: of a walk, by the pipeline's names for them, each (n, ...). The rest holds for the batch.
    """

    prompts: tuple[str, ...]
    negatives: tuple[str, ...]
    seeds: tuple[int, ...]
    inputs: Tensor | None
    mask: Tensor | None
    sampler: str
    steps: int
    guidance: float
    strength: float
    embeddings: Mapping[str, Tensor] | None = None


class Answered(TorchFunctionMode):
    """While it is on, `torch.randn` with one of its generators gives that recipe's noise."""

    def __init__(self, seeds: Sequence[int], first: Tensor) -> None:
        super().__init__()
        self.generators = [torch.Generator() for _ in seeds]
        self._seeds, self._first = seeds, first
        self._places = {id(generator): place for place, generator in enumerate(self.generators)}
        self._asked = [0] * len(seeds)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        place = self._places.get(id(kwargs.get("generator")))
        if func is not torch.randn or place is None:
            return func(*args, **kwargs)
        shape = tuple(args[0] if isinstance(args[0], tuple | list) else args)
        return self._noise(place, shape).to(kwargs.get("device") or "cpu", kwargs.get("dtype") or torch.float32)

    def _noise(self, place: int, shape: tuple[int, ...]) -> Tensor:
        number = self._asked[place]
        self._asked[place] += 1
        first = self._first[place]
        if number == 0 and shape in (tuple(first.shape), (1, *first.shape)):
            return first.view(shape)
        return torch.from_numpy(normals(self._seeds[place], shape, step=number, stream=STEPS))


class PipelineGenerator:
    """A pipeline's folder behind the generator protocol."""

    def __init__(
        self, card: Card, pipeline: DiffusionPipeline, device: str, precision: str, drawings: Drawings | None
    ) -> None:
        self.card, self.device, self.drawings = card, torch.device(device), drawings
        self.dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self._whole = pipeline.to(self.device)
        self._idle: defaultdict[tuple[str, str], list[DiffusionPipeline]] = defaultdict(list)

    @classmethod
    def load(cls, folder: Path, device: str, precision: str, drawings: Drawings | None = None) -> PipelineGenerator:
        card, kept = load_card(folder), checked(folder)
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        try:
            pipeline = DiffusionPipeline.from_pretrained(
                kept, local_files_only=True, use_safetensors=True, torch_dtype=dtype
            )
            if (folder / FOLDER / LORA).is_file():
                pipeline.load_lora_weights(kept, weight_name=LORA, adapter_name="lora")
                pipeline.set_adapters(["lora"], [float(card.network.get("lora", 1.0))])
        except ImportError as error:
            raise NonesuchError(
                f"a pipeline needs more packages ({error}): `pip install 'nonesuch[pipelines]'`."
            ) from None
        except (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError) as error:
            first = " ".join(str(error).split())[:200].rstrip(".")
            raise NonesuchError(f"{folder} holds no pipeline that diffusers can load: {first}.") from None
        return cls(card, pipeline, device, precision, drawings)

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        """Of the latents, where there is an autoencoder; otherwise of the picture."""
        vae = getattr(self._whole, "vae", None)
        if vae is None:
            return (3, self.card.size, self.card.size)
        side = self.card.size // int(self._whole.vae_scale_factor)
        return (int(vae.config.latent_channels), side, side)

    def condition(self, recipes: Sequence[Recipe]) -> Conditioning:
        settings = {(r.sampler, r.steps, r.guidance, r.strength, r.mask, r.sketch is None) for r in recipes}
        if len(settings) != 1:
            raise ValueError("a batch has one sampler, number of steps, guidance, strength and mask")
        sampler, steps, guidance, strength, mask, free = settings.pop()
        return Conditioning(
            tuple(recipe.prompt or "" for recipe in recipes),
            tuple(recipe.negative or "" for recipe in recipes),
            tuple(recipe.seed for recipe in recipes),
            None if free else torch.stack([self._input(str(r.sketch), r.mask is not None) for r in recipes]),
            None if mask is None else self._sheet(mask, 1).round(),
            sampler,
            steps,
            guidance,
            1.0 if strength is None else strength,
        )

    def mix(self, a: Conditioning, b: Conditioning, t: Sequence[float]) -> Conditioning:
        """Between the embeddings of two prompts, where the pipeline tells how it embeds them."""
        ours, theirs = (c.embeddings or self._embedded(c) for c in (a, b))
        return replace(a, embeddings={name: between(ours[name], theirs[name], t) for name in ours})

    @torch.inference_mode()
    def images(self, conditioning: Conditioning, noise: Tensor) -> Tensor:
        c = conditioning
        if c.inputs is not None and c.mask is None and round(c.steps * c.strength) == 0:
            return c.inputs * 2 - 1  # nothing is left to draw
        answered = Answered(c.seeds, noise)
        with self._pipeline(c) as pipeline:
            wanted = self._arguments(pipeline, c) | {"generator": answered.generators}
            with answered:
                made = pipeline(**wanted)
        flagged = getattr(made, "nsfw_content_detected", None)
        if flagged and any(flagged):
            raise RuntimeError("the pipeline's safety checker held the picture back")
        pictures: Tensor = made.images.float().cpu()
        if c.mask is not None and c.inputs is not None:
            pictures = c.mask * pictures + (1 - c.mask) * c.inputs  # what was not masked stays as it was, to the bit
        return pictures * 2 - 1

    def _arguments(self, pipeline: DiffusionPipeline, c: Conditioning) -> dict[str, Any]:
        known = inspect.signature(pipeline.__call__).parameters
        size = self.card.size
        wanted: dict[str, Any] = {"num_inference_steps": c.steps, "guidance_scale": c.guidance, "output_type": "pt"}
        wanted |= {"height": size, "width": size, "strength": c.strength, "batch_size": len(c.seeds)}
        if c.inputs is not None:
            wanted["image"] = c.inputs
        if c.mask is not None:
            wanted["mask_image"] = c.mask.expand(len(c.seeds), -1, -1, -1)
        prompts: dict[str, Any] = {"prompt": list(c.prompts), "negative_prompt": list(c.negatives)}
        wanted |= prompts if c.embeddings is None else c.embeddings
        if missing := [name for name in ("image", "mask_image") if name in wanted and name not in known]:
            raise NonesuchError(f"the pipeline {type(pipeline).__name__} takes no {missing[0]}: leave the setting out.")
        return {name: value for name, value in wanted.items() if name in known}

    @contextmanager
    def _pipeline(self, c: Conditioning) -> Iterator[DiffusionPipeline]:
        """A pipeline for what the batch needs, nobody else's meanwhile: its scheduler remembers where it is. Networks
        are shared.
        """
        kind = "text" if c.inputs is None else ("picture" if c.mask is None else "mask")
        idle = self._idle[kind, c.sampler]
        try:
            pipeline = idle.pop()
        except IndexError:
            pipeline = self._of_kind(kind, self._scheduler(c.sampler))
        try:
            yield pipeline
        finally:
            idle.append(pipeline)

    def _of_kind(self, kind: str, scheduler: SchedulerMixin) -> DiffusionPipeline:
        make: Callable[..., DiffusionPipeline] = {
            "text": type(self._whole).from_pipe,
            "picture": AutoPipelineForImage2Image.from_pipe,
            "mask": AutoPipelineForInpainting.from_pipe,
        }[kind]
        try:
            pipeline = make(self._whole, torch_dtype=self.dtype)
        except ValueError:
            name = type(self._whole).__name__
            does = "begins from no pictures" if kind == "picture" else "fills no masks"
            raise NonesuchError(f"'{self.card.name}' is a {name}, which {does}: leave the setting out.") from None
        pipeline.register_modules(scheduler=scheduler)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def _scheduler(self, name: str) -> SchedulerMixin:
        """A scheduler of diffusers by its class name, on the pipeline's own schedule."""
        found = getattr(diffusers, name, None) if name.isidentifier() else None
        if not (isinstance(found, type) and issubclass(found, SchedulerMixin)):
            raise NonesuchError(f"diffusers has no scheduler '{name}'; name one such as DPMSolverMultistepScheduler.")
        return found.from_config(self._whole.scheduler.config)  # type: ignore[attr-defined]  # of ConfigMixin

    def _embedded(self, c: Conditioning) -> dict[str, Tensor]:
        encode = getattr(self._whole, "encode_prompt", None)
        known = inspect.signature(self._whole.__call__).parameters
        if encode is None or not set(EMBEDDINGS[:2]) <= set(known):
            name = type(self._whole).__name__
            raise NonesuchError(f"'{self.card.name}' is a {name}, whose prompts cannot be mixed: take its walks out.")
        wanted = {"prompt": list(c.prompts), "negative_prompt": list(c.negatives), "device": self.device}
        wanted |= {"num_images_per_prompt": 1, "do_classifier_free_guidance": True}
        with torch.inference_mode():
            found = encode(**{key: v for key, v in wanted.items() if key in inspect.signature(encode).parameters})
        names = EMBEDDINGS[: len(found)]
        return {name: value for name, value in zip(names, found, strict=False) if value is not None}

    def _input(self, sketch: str, masked: bool) -> Tensor:
        """(3, h, w) in [0, 1]: a picture as it is, a drawing as the light that it could be."""
        sheet = self._sheet(sketch, 3)
        if masked or (sheet.amax(0) - sheet.amin(0)).max() > COLOURLESS:
            return sheet
        return glow(self._file(sketch, 1), self.card.size).expand(3, -1, -1)

    def _sheet(self, sha256: str, colours: int) -> Tensor:
        return as_square(self._file(sha256, colours), self.card.size)

    def _file(self, sha256: str, colours: int) -> Tensor:
        if self.drawings is None:
            raise NonesuchError("a recipe asks for a picture to begin from, but no folder of them was given.")
        return self.drawings(sha256, colours)
