"""Pictures for tests, as Pillow writes them."""

from __future__ import annotations

import io

from PIL import Image


def written(kind: str, mode: str = "RGB", size: tuple[int, int] = (300, 200), **options: object) -> bytes:
    """A picture as Pillow writes it."""
    image = Image.linear_gradient("L").resize(size).convert(mode)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
