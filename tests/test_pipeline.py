"""Pipelines of diffusers: what a person would lose is their prompts' pictures, or the machine to a folder with code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from test_import import run
from tiny import tiny_weights

from render.catalogue import FILE, Catalogue
from render.config import load_gallery
from render.engine.sources import sources
from render.errors import NonesuchError
from render.generators import load_generator
from render.generators.convert import Wish, convert
from render.generators.pipeline import PipelineGenerator
from render.media import Store, data_of_master
from render.noise import normals
from render.provenance import COMPOSITE, TRAINED, read_mark
from render.recipe import Recipe
from render.stages import make
from render.stages.report import Report
from render.weights import load_card

pytest.importorskip("transformers")

MINE = """
[gallery]
title = "mine"
[[collection]]
slug = "dreams"
title = "dream"
weights = "weights"
count = 4
steps = 3
{more}
[render]
device = "cpu"
"""


def stable_diffusion(out: Path) -> Path:
    """A whole Stable Diffusion pipeline of 16 px with random weights, saved by diffusers itself."""
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    told = out.with_name("tokens")
    told.mkdir()
    (told / "vocab.json").write_text(json.dumps({word: place for place, word in enumerate(words)}))
    (told / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(told / "vocab.json"), str(told / "merges.txt"), model_max_length=16)
    torch.manual_seed(0)
    text = CLIPTextConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=16, bos_token_id=len(words) - 2, eos_token_id=len(words) - 1, projection_dim=16,
    )  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, cross_attention_dim=16,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=4,
    )  # fmt: skip
    vae = AutoencoderKL(
        block_out_channels=(8, 8), down_block_types=("DownEncoderBlock2D",) * 2, norm_num_groups=4, sample_size=16,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )  # fmt: skip
    StableDiffusionPipeline(
        vae=vae, text_encoder=CLIPTextModel(text), tokenizer=tokenizer, unet=unet,
        scheduler=DDIMScheduler(clip_sample=False, set_alpha_to_one=False, beta_schedule="scaled_linear"),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(out)  # fmt: skip
    shutil.rmtree(told)
    return out


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stable_diffusion(tmp_path_factory.mktemp("pipeline") / "sd")


@pytest.fixture(scope="module")
def weights(theirs: Path) -> Path:
    convert(theirs, theirs.with_name("mine"), "pipeline")
    return theirs.with_name("mine")


def drawing(sha256: str, colours: int = 1, /) -> torch.Tensor:
    """Coloured bands, or a mask of the left half."""
    if sha256 == "mask":
        return torch.cat([torch.ones(1, 16, 8), torch.zeros(1, 16, 8)], 2)
    return (
        torch.linspace(0, 1, 16).expand(16, 16).expand(colours, -1, -1) * torch.linspace(0.2, 1, colours)[:, None, None]
    )


def recipes(count: int, sampler: str = "DDIMScheduler", **more: Any) -> list[Recipe]:
    chosen = {"prompt": "a moth", "sampler": sampler} | more
    return [Recipe("pipeline", "ab" * 32, seed, steps=4, guidance=5.0, size=16, **chosen) for seed in range(count)]


def pictures(generator: PipelineGenerator, some: list[Recipe]) -> torch.Tensor:
    noise = torch.from_numpy(np.stack([normals(one.seed, generator.noise_shape) for one in some]))
    return generator.images(generator.condition(some), noise)


def test_the_pipeline_draws_as_it_does_in_diffusers(theirs: Path, weights: Path) -> None:
    from diffusers import StableDiffusionPipeline

    card = load_card(weights)
    assert (card.size, card.sampling and card.sampling.sampler) == (16, "DDIMScheduler")
    assert card.parameters > 10_000
    generator = load_generator(weights)
    assert isinstance(generator, PipelineGenerator)
    plain = StableDiffusionPipeline.from_pretrained(theirs)
    plain.set_progress_bar_config(disable=True)
    latents = torch.from_numpy(normals(0, (1, 4, 8, 8)))
    wanted = plain(
        "a moth", negative_prompt="wings", latents=latents, num_inference_steps=4, guidance_scale=5.0, output_type="pt"
    )
    found = pictures(generator, recipes(1, negative="wings"))
    assert torch.allclose((found + 1) / 2, wanted.images, atol=1e-5)  # the same passes; a batch of one in both
    assert (found - pictures(generator, recipes(1))).abs().max() > 1e-3  # and what is not wanted counts


@pytest.mark.parametrize("sampler", ["EulerAncestralDiscreteScheduler", "DPMSolverMultistepScheduler"])
@pytest.mark.parametrize("more", [{}, {"sketch": "bands", "strength": 0.5}])
def test_a_picture_depends_on_its_recipe_and_not_on_its_batch(
    weights: Path, sampler: str, more: dict[str, object]
) -> None:
    generator = load_generator(weights, drawings=drawing)
    assert isinstance(generator, PipelineGenerator)
    three = pictures(generator, recipes(3, sampler, **more))
    assert torch.allclose(three[2:], pictures(generator, recipes(3, sampler, **more)[2:]), atol=1e-4)
    assert (three[0] - three[1]).abs().max() > 1e-3


def test_what_is_not_masked_stays_to_the_bit(weights: Path) -> None:
    generator = load_generator(weights, drawings=drawing)
    assert isinstance(generator, PipelineGenerator)
    (picture,) = pictures(generator, recipes(1, sketch="bands", mask="mask", strength=1.0))
    assert torch.equal(picture[:, :, 8:], 2 * drawing("bands", 3)[:, :, 8:] - 1)
    assert (picture[:, :, :8] - (2 * drawing("bands", 3)[:, :, :8] - 1)).abs().max() > 0.05


def test_a_walk_goes_from_one_prompt_to_the_other(weights: Path) -> None:
    generator = load_generator(weights)
    assert isinstance(generator, PipelineGenerator)
    noise = torch.from_numpy(normals(4, (1, 4, 8, 8)))
    one, other = (generator.condition(recipes(1, prompt=prompt)) for prompt in ("a moth", "two zebras"))
    ends = [generator.images(c, noise) for c in (one, other)]
    assert torch.allclose(generator.images(generator.mix(one, other, [0.0]), noise), ends[0], atol=1e-5)
    assert torch.allclose(generator.images(generator.mix(one, other, [1.0]), noise), ends[1], atol=1e-5)
    middle = generator.images(generator.mix(one, other, [0.5]), noise)
    assert min((middle - end).abs().max() for end in ends) > 1e-5


def test_a_lora_is_worn_and_pinned(theirs: Path, weights: Path, tmp_path: Path) -> None:
    from diffusers import StableDiffusionPipeline
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    plain = StableDiffusionPipeline.from_pretrained(theirs)
    plain.unet.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_v"], init_lora_weights=False))
    StableDiffusionPipeline.save_lora_weights(tmp_path, unet_lora_layers=get_peft_model_state_dict(plain.unet))
    (lora,) = tmp_path.glob("*.safetensors")
    convert(theirs, tmp_path / "worn", "pipeline", Wish(lora=lora, lora_scale=0.7))
    assert load_card(tmp_path / "worn").sha256 != load_card(weights).sha256
    worn, bare = (load_generator(folder) for folder in (tmp_path / "worn", weights))
    assert (pictures(worn, recipes(1)) - pictures(bare, recipes(1))).abs().max() > 1e-4  # type: ignore[arg-type]  # both draw


def test_a_gallery_of_prompts_and_pictures(weights: Path, tmp_path: Path) -> None:
    shutil.copytree(weights, tmp_path / "weights")
    (tmp_path / "prompts.txt").write_text("a moth\ntwo zebras\n")
    (tmp_path / "pictures").mkdir()
    bands = drawing("bands", 3).numpy().transpose(1, 2, 0)
    Image.fromarray((bands * 255).astype(np.uint8)).save(tmp_path / "pictures/bands.png")
    Image.fromarray((drawing("mask")[0].numpy() * 255).astype(np.uint8)).save(tmp_path / "mask.png")
    gallery = tmp_path / "gallery.toml"
    gallery.write_text(MINE.format(more='prompts = "prompts.txt"\nvariations = 2\nnegative = "blur"'))
    made = [sources(load_gallery(tmp_path))["dreams"].recipe(place) for place in range(4)]
    assert [one and one.prompt for one in made] == ["a moth", "a moth", "two zebras", "two zebras"]
    assert [one and one.seed for one in made] == [0, 1, 2, 3]
    more = 'prompts = "prompts.txt"\nsketches = "pictures"\nmask = "mask.png"\nstrength = 0.9'
    gallery.write_text(MINE.format(more=more))
    code, told = run("make", tmp_path)
    assert code == 0, told
    with Catalogue(tmp_path / FILE) as catalogue:
        ((_exhibit, media), *_) = catalogue.exhibits(states=("shown",))
    marks = {m.role: read_mark((tmp_path / "store" / m.key).read_bytes()) for m in media}
    assert marks["master"]
    assert marks["master"].source_type == COMPOSITE != TRAINED
    assert marks["sketch"]
    assert marks["sketch"].source_type == ""
    data = data_of_master(Store(tmp_path / "store"), media, load_card(weights))
    assert np.abs(data[:, :, 8:] - (2 * bands.transpose(2, 0, 1)[:, :, 8:] - 1)).max() < 0.01  # 8 bits


@pytest.mark.parametrize("name", ["unet/model.py", "unet/weights.bin"])
def test_a_folder_with_code_or_pickles_is_refused(theirs: Path, tmp_path: Path, name: str) -> None:
    bad = shutil.copytree(theirs, tmp_path / "bad")
    (bad / name).write_bytes(b"import os")
    code, told = run("weights", "import", bad, tmp_path / "out", "--family", "pipeline")
    assert (code, name in told, (tmp_path / "out").exists()) == (1, True, False)


def test_components_from_elsewhere_are_refused(theirs: Path, tmp_path: Path) -> None:
    bad = shutil.copytree(theirs, tmp_path / "bad")
    index = json.loads((bad / "model_index.json").read_text())
    (bad / "model_index.json").write_text(json.dumps(index | {"unet": ["mine", "Unet"]}))
    with pytest.raises(NonesuchError, match="code from elsewhere"):
        convert(bad, tmp_path / "out", "pipeline")


def test_a_changed_file_is_refused(weights: Path, tmp_path: Path) -> None:
    bad = shutil.copytree(weights, tmp_path / "bad")
    config = bad / "pipeline/unet/config.json"
    config.write_text(config.read_text() + " ")
    with pytest.raises(NonesuchError, match="sha256 differs"):
        load_generator(bad)
    (bad / "pipeline/extra.py").write_text("print()")
    with pytest.raises(NonesuchError, match=r"extra\.py"):
        load_generator(bad)


def test_a_hub_name_without_a_network_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    code, told = run("weights", "import", "nobody/nothing", tmp_path / "out", "--family", "pipeline")
    assert code == 1
    assert told.count("\n") == 1
    assert "nobody/nothing" in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "told"), [("a moth\n\nzebras\n", "line 2 of 'prompts.txt' is empty"), ("", "holds no prompts")]
)
def test_a_prompt_list_with_an_empty_line_leaves_out_its_collection_alone(
    weights: Path, tmp_path: Path, text: str, told: str
) -> None:
    shutil.copytree(weights, tmp_path / "weights")
    tiny_weights(tmp_path / "tiny")
    (tmp_path / "prompts.txt").write_text(text)
    mine = MINE.format(more='prompts = "prompts.txt"')
    (tmp_path / "gallery.toml").write_text(
        mine + '[[collection]]\nslug = "t"\ntitle = "t"\nweights = "./tiny"\ncount = 1\n'
    )
    outcome = make(load_gallery(tmp_path), Report(), stages=("render",))
    assert told in " ".join(outcome.aside)
    assert outcome.exit_code == 3
    with Catalogue(tmp_path / FILE) as catalogue:
        assert [one.collection for one in catalogue.known()] == ["t"]


def test_an_unknown_scheduler_is_named(weights: Path) -> None:
    generator = load_generator(weights)
    with pytest.raises(NonesuchError, match="no scheduler 'Nonsense'"):
        pictures(generator, recipes(1, "Nonsense"))  # type: ignore[arg-type]  # it draws
