"""Data that ship with the package, each with its source, licence and citation in its attributes."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import numpy as np

CELL_TYPES = {
    "K": "Kenyon cell",
    "I": "modulatory input neuron",
    "P": "projection neuron",
    "O": "output neuron",
}


def fly_mushroom_body() -> Any:
    """Synapse counts between the 209 neurons of the larval fly's left mushroom body.

    **Rows are presynaptic**: entry [i, j] counts synapses from neuron i to neuron j. The source states no
    orientation; its cell types settle it (projection neurons have outputs onto Kenyon cells in their rows and
    no inputs in their columns, output neurons are reached from Kenyon cells). `SpinNetwork` wants
    ``couplings[i, j]`` from j to i: **transpose**. And raw counts are not energies: **scale** them, for instance
    so that the typical local field is of the order of the temperature::

        counts = fly_mushroom_body()
        net = SpinNetwork(counts.values.T / 30)

    The counts say nothing of a synapse's sign: all are positive here.

    Returns
    -------
    xarray.DataArray
        Shape (209, 209), dimensions presynaptic and postsynaptic, whole numbers, zero diagonal, not symmetric;
        coordinate cell_type_pre (and _post): "K" Kenyon cell, "I" modulatory input, "P" projection, "O" output.
        Attributes: source, license, citation.

    References
    ----------
    Eichler et al., Nature 548, 175 (2017).
    """
    import xarray

    with (files("neurothermo.recordings") / "data" / "fly_mushroom_body_left.npz").open("rb") as file:
        archive = np.load(file, allow_pickle=False)
        counts, types = archive["weights"].astype(np.int64), archive["cell_types"]
    return xarray.DataArray(
        counts,
        dims=("presynaptic", "postsynaptic"),
        coords={"cell_type_pre": ("presynaptic", types), "cell_type_post": ("postsynaptic", types)},
        name="synapses",
        attrs={
            "long_name": "synapse count, left mushroom body of a first-instar larva of Drosophila melanogaster",
            "source": "the data set shipped with graspologic 3.4.4 (drosophila, left)",
            "license": "MIT, copyright (c) Microsoft Corporation; text in LICENSE-graspologic beside the file",
            "citation": "K. Eichler et al., The complete connectome of a learning and memory centre in an insect "
            "brain, Nature 548, 175 (2017)",
        },
    )
