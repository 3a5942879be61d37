"""The display mapping: from a picture of the sky to the numbers a network works in, and back.

Survey pictures have a grey sky with a colour cast (EFIGI's border median is 20 of 255). A power law lifts that sky to a
grey square; here it is subtracted first, per channel, and what is left is stretched with asinh (Lupton et al. 2004,
PASP 116, 133) so that arms and cores show together. Real and generated pictures pass through the same function.

Three spaces:

- *data*: float32, -1 is the sky, +1 is white; a little below -1 is sky noise. Networks work here.
- *display*: [0, 1] or uint8, 0 is the sky, so that a picture's sky is the page's black.
- *linear*: the stretch undone: sky is 0, white is 1. Pseudo-linear, since the survey's pictures are not linear in flux.

Pictures of other things have no sky: their mapping is *plain*, black is -1, white is +1, and nothing is stretched.
Silhouettes are learned as *distance*: data space is how far a pixel lies from the outline, positive inside, and display
is the silhouette itself, white on black, whose edge is as crisp at one size as at another.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# Words, because every command that reads a card reads this: numpy is imported where there is a picture.
Floats: TypeAlias = "npt.NDArray[np.float32]"
Bytes: TypeAlias = "npt.NDArray[np.uint8]"

SKY, PLAIN, DISTANCE = "sky-asinh", "plain", "distance"


@dataclass(frozen=True)
class DisplayMapping:
    """Sky subtraction and asinh stretch, with the numbers that a card keeps; or, named "plain", neither; or "distance".

    border: width in pixels of the frame whose per-channel median is the sky.
    softening: where asinh turns from linear to logarithmic, as a share of white above the sky.
    floor: the lowest value kept in data space; what lies below is noise that no picture needs.
    reach: the distance from an outline that is 1 in data space, as a share of the picture's width.
    """

    name: str = SKY
    border: int = 4
    softening: float = 0.35
    floor: float = -1.25
    reach: float = 0.15

    @classmethod
    def plain(cls) -> DisplayMapping:
        """The mapping of pictures that are shown as they are."""
        return cls(name=PLAIN, floor=-1.0)

    @classmethod
    def named(cls, name: str) -> DisplayMapping:
        """The mapping of that name, with its usual numbers."""
        return cls() if name == SKY else cls(name=name, floor=-1.0)

    def sky(self, picture: Bytes) -> Floats:
        """Per-channel median of the border: (h, w, 3) uint8 -> (3,) in [0, 1]."""
        import numpy as np

        if self.name != SKY:
            return np.zeros(3, dtype=np.float32)
        inner = np.ones(picture.shape[:2], dtype=bool)
        inner[self.border : -self.border, self.border : -self.border] = False
        return np.asarray(np.median(picture[inner], axis=0) / 255, dtype=np.float32)

    def to_data(self, picture: Bytes) -> Floats:
        """A real picture, (h, w, 3) uint8, to data space, (3, h, w) float32."""
        import numpy as np

        if self.name == DISTANCE:
            from render.outline import THIN

            return self._distances(picture, THIN)
        sky = self.sky(picture)
        linear = (picture.astype(np.float32) / 255 - sky) / (1 - sky)
        return self.from_linear(np.ascontiguousarray(linear.transpose(2, 0, 1)))

    def to_file(self, data: Floats, sky: Floats) -> Bytes:
        """Data space, (3, h, w), to what a file holds that `to_data` would read so: (h, w, 3) uint8 upon a sky, (3,) in
        [0, 1]. What shows is not this but `to_display`.
        """
        import numpy as np

        if self.name != SKY:
            return self.to_display(data)
        light = self.to_linear(data).transpose(1, 2, 0)
        return np.asarray(np.rint(np.clip(sky + light * (1 - sky), 0, 1) * 255), dtype=np.uint8)

    def from_linear(self, linear: Floats) -> Floats:
        """Pseudo-linear values (sky 0, white 1) to data space, any shape."""
        import numpy as np

        stretched = linear
        if self.name == SKY:
            stretched = np.arcsinh(linear / self.softening) / np.arcsinh(1 / self.softening)
        return np.asarray(np.clip(2 * stretched - 1, self.floor, 1), dtype=np.float32)

    def to_linear(self, data: Floats) -> Floats:
        """The inverse of `from_linear` wherever nothing was clipped."""
        import numpy as np

        stretched = (np.asarray(data, dtype=np.float32) + 1) / 2
        if self.name != SKY:
            return np.asarray(stretched, dtype=np.float32)
        return np.asarray(self.softening * np.sinh(stretched * np.arcsinh(1 / self.softening)), dtype=np.float32)

    def to_display(self, data: Floats) -> Bytes:
        """Data space, (3, h, w), to what a person sees, (h, w, 3) uint8."""
        import numpy as np

        if self.name == DISTANCE:
            cover = np.asarray(data, dtype=np.float32) * self.contrast(data.shape[-1]) / 255 + 0.5
            return np.rint(np.clip(cover, 0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
        display = np.clip((np.asarray(data, dtype=np.float32) + 1) / 2, 0, 1)
        return np.rint(display * 255).astype(np.uint8).transpose(1, 2, 0)

    def from_display(self, picture: Bytes) -> Floats:
        """What a person sees, (h, w, 3) uint8, back to data space: nearly what `to_display` was given."""
        import numpy as np

        if self.name == DISTANCE:
            return self._distances(picture, 0.5)
        return np.ascontiguousarray(picture.astype(np.float32).transpose(2, 0, 1) / 127.5 - 1, dtype=np.float32)

    def contrast(self, width: int) -> float:
        """Grey levels (of 255) for a step of 1 in data space, in a picture that is shown at `width` pixels."""
        return 255 * self.reach * width if self.name == DISTANCE else 127.5

    def settings(self) -> dict[str, Any]:
        """What the card stores under ``[display]``."""
        return {name: value for name, value in asdict(self).items() if name != "reach" or self.name == DISTANCE}

    def _distances(self, picture: Bytes, level: float) -> Floats:
        import numpy as np

        from render.outline import signed_distances

        far = signed_distances(picture.mean(axis=2, dtype=np.float32) / 255, level) / self.reach
        return np.repeat(np.clip(far, -1, 1)[None], 3, axis=0)
