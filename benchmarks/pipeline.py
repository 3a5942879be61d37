"""A pipeline of Stable Diffusion 1.5's size with random weights, behind the generator protocol: for benchmarks only.

U-Net and decoder have the published shapes; there is no text encoder, the embeddings of a prompt are random. A picture
is as good as noise, and takes exactly as long as a real one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from torch import Tensor

from render.recipe import Recipe
from render.weights import Card

STEPS, GUIDANCE, TOKENS = 20, 7.5, 77


class Pipeline:
    """See the module. tiny: the same architecture with a few channels, to try a script."""

    def __init__(self, card: Card, device: str, precision: str, tiny: bool) -> None:
        self.card, self.device = card, torch.device(device)
        self.dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self.width = 32 if tiny else 768
        widths = {"block_out_channels": (32, 64), "norm_num_groups": 8} if tiny else {}
        blocks = {"down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
                  "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D")} if tiny else {}  # fmt: skip
        torch.manual_seed(0)
        unet = UNet2DConditionModel(
            sample_size=card.size // 8, cross_attention_dim=self.width, attention_head_dim=8, **widths, **blocks
        )
        channels = (8, 8, 16, 16) if tiny else (128, 256, 512, 512)
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=channels,
            layers_per_block=2,
            norm_num_groups=4 if tiny else 32,
        )
        self.unet = self._placed(unet)
        self.vae = self._placed(vae)
        self.scheduler = DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
        self.scheduler.set_timesteps(STEPS)

    def _placed(self, module: Any) -> Any:
        module = module.to(self.device, self.dtype).eval().requires_grad_(False)
        return module.to(memory_format=torch.channels_last)

    def compile(self) -> None:
        self.unet.compile(dynamic=False)
        self.vae.decoder.compile(dynamic=False)

    @property
    def noise_shape(self) -> tuple[int, int, int]:
        return (4, self.card.size // 8, self.card.size // 8)

    def condition(self, recipes: Sequence[Recipe]) -> Tensor:
        """(2 n, tokens, width): the empty prompt's, then the recipes'."""
        made = [torch.randn(TOKENS, self.width, generator=torch.Generator().manual_seed(r.seed)) for r in recipes]
        empty = torch.zeros(len(recipes), TOKENS, self.width)
        return torch.cat([empty, torch.stack(made)]).to(self.device, self.dtype)

    def mix(self, a: Tensor, b: Tensor, t: Sequence[float]) -> Tensor:
        amount = torch.tensor([*t, *t], device=self.device, dtype=self.dtype)[:, None, None]
        return (1 - amount) * a + amount * b

    @torch.inference_mode()
    def images(self, conditioning: Tensor, noise: Tensor) -> Tensor:
        x = noise.to(self.device, self.dtype).contiguous(memory_format=torch.channels_last)
        for t in self.scheduler.timesteps:
            both = self.unet(torch.cat([x, x]), t.to(self.device), conditioning, return_dict=False)[0]
            free, asked = both.chunk(2)
            x = self.scheduler.step(free + GUIDANCE * (asked - free), t, x, return_dict=False)[0]
        picture = self.vae.decode(x / self.vae.config.scaling_factor, return_dict=False)[0]
        return picture.float().clamp(-1, 1).cpu()

    def plain(self, recipes: Sequence[Recipe]) -> list[Any]:
        """What one writes with diffusers: its own pipeline, called with prompts' embeddings; PIL pictures."""
        pipeline = StableDiffusionPipeline(
            vae=self.vae, text_encoder=None, tokenizer=None, unet=self.unet, scheduler=self.scheduler,
            safety_checker=None, feature_extractor=None, requires_safety_checker=False,
        )  # fmt: skip
        pipeline.set_progress_bar_config(disable=True)
        free, asked = self.condition(recipes).chunk(2)
        done = pipeline(
            prompt_embeds=asked, negative_prompt_embeds=free, num_inference_steps=STEPS, guidance_scale=GUIDANCE,
            generator=[torch.Generator().manual_seed(recipe.seed) for recipe in recipes],
            height=self.card.size, width=self.card.size,
        )  # fmt: skip
        return list(done.images)
