"""Drawing: one look for every figure, colours that survive grey paper and colour blindness."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np

from neurothermo.core.checks import Array

FORWARD, REVERSE, EXACT, OTHER = "#0072B2", "#D55E00", "#000000", "#009E73"  # Okabe and Ito's palette

STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.constrained_layout.use": True,
}


def png(draw: Any, size: tuple[float, float]) -> bytes:
    """A figure as PNG; no window and no global state of pyplot is touched."""
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, dpi=150)
        FigureCanvasAgg(figure)
        draw(figure)
        buffer = BytesIO()
        figure.savefig(buffer, format="png")
    return buffer.getvalue()


def histogram(axes: Any, values: Array, edges: Array, color: str, label: str) -> None:
    """A density as a filled outline."""
    if np.histogram(values, edges)[0].sum() == 0:  # nothing within the edges has no density
        return
    axes.hist(values, bins=edges, density=True, histtype="stepfilled", alpha=0.3, color=color)
    axes.hist(values, bins=edges, density=True, histtype="step", color=color, label=label, linewidth=1.2)


def shared_edges(*samples: Array, bins: int = 60) -> Array:
    """Bin edges over all samples, without the far tails."""
    both = np.concatenate([np.asarray(sample) for sample in samples])
    low, high = np.quantile(both, [0.0005, 0.9995])
    return np.linspace(low, high, bins + 1) if high > low else np.linspace(low - 0.5, high + 0.5, bins + 1)


def mark(axes: Any, value: float, label: str, color: str = EXACT, style: str = "--") -> None:
    """A vertical line at a value; nothing where there is none."""
    if np.isfinite(value):
        axes.axvline(value, color=color, linestyle=style, linewidth=1.2, label=label)
