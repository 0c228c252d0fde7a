"""Data that ship with the package, each with its source, licence and citation in its attributes."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np

from neurothermo.recordings.making import from_array, from_spikes
from neurothermo.recordings.recording import Recording

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

    archive = _archive("fly_mushroom_body_left.npz")
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


HEAD_DIRECTION = {
    "source": "session A2929-200711, a test file of pynapple 0.11.4 (NWB 2.4)",
    "license": "MIT, copyright (c) pynapple authors; text in LICENSE-pynapple beside the file",
    "citation": "G. Viejo et al., Pynapple, a toolbox for data analysis in neuroscience, eLife 12, RP85786 (2023)",
}
MICROSECOND = 1e-6  # the clock of that session: its times are whole numbers of it


def head_direction() -> Recording:
    """Spikes of 15 units in a mouse: seven head-direction cells, eight cells of the hippocampus; sleep, then waking.

    98794 spikes in 1200 s. The property `location` is "adn" (anterodorsal nucleus of the thalamus, the head-direction
    cells) or "ca1". Epochs: sleep (0 to 600 s), wake (600 to 1200 s), sleep_ripples (594 of them), and two that say
    when position and ripples were looked for. Times are those of the source to the last digit.

    Caveats: the file names neither laboratory nor subject; it is taken to be of the group that wrote pynapple.
    Waking follows sleep in one order only, so a difference of the two is also one of time. The eight units of
    ca1 fire little: 1 to 4 spikes a second.

    Returns
    -------
    Recording
        Of spikes; attributes of `data`: source, license, citation.

    References
    ----------
    Viejo et al., eLife 12, RP85786 (2023).
    """
    archive = _archive("head_direction.npz")
    return _stamped(
        from_spikes(
            np.cumsum(archive["ticks"], dtype=np.int64) / round(1 / MICROSECOND),
            archive["train"].astype(np.int64),
            support=(0.0, 1200.0),
            epochs=_head_direction_epochs(archive),
            properties={name: archive[name] for name in ("location", "group", "electrode_group")},
        ),
        HEAD_DIRECTION,
    )


def head_direction_heading() -> Recording:
    """Where the mouse of `head_direction` was heading, in radians, 120 times a second from 671 to 1200 s.

    One channel, "heading", an angle from 0 to 2 pi: it jumps by 2 pi where the animal turns through zero, so take its
    sine and cosine, or its unwrapped course, before anything linear. Times are on the same clock as the spikes.

    Returns
    -------
    Recording
        Of signals; attributes of `data`: source, license, citation.

    References
    ----------
    Viejo et al., eLife 12, RP85786 (2023).
    """
    archive = _archive("head_direction.npz")
    times = np.cumsum(archive["heading_ticks"], dtype=np.int64) / round(1 / MICROSECOND)
    made = from_array(
        archive["heading"], times=times, channels=["heading"], epochs=_head_direction_epochs(archive)
    )  # fmt: skip
    made.data["values"].attrs["units"] = "radian"
    return _stamped(made, HEAD_DIRECTION)


def neuropixels() -> Recording:
    """Spikes of 289 clusters from a Neuropixels probe, 124905 of them in 120 s.

    Caveats: the clusters are as the sorter left them. Nothing says which are good: some violate refractoriness, 144
    fire more than once a second, many hardly at all. Brain area, subject and session are not stated in the source,
    nor when the recording started and ended: it is taken to last from the first spike to the last. Spikes of several
    clusters within a fraction of a millisecond can be one spike sorted twice. Three pairs are one unit sorted twice:
    clusters 102 and 103, 188 and 194, 315 and 316 (columns 20 and 21, 44 and 46, 86 and 87 of those above 1 spike a
    second) differ in 1 to 3 of 5999 samples of 20 ms. Leave one of each out, as `exclude=["103", "194", "316"]` of
    `select` does, before a method that looks at pairs.

    Returns
    -------
    Recording
        Of spikes, named by the numbers of their clusters; attributes of `data`: source, license, citation.
    """
    archive = _archive("neuropixels_289_units.npz")
    return _stamped(
        from_spikes(archive["spike_times"], archive["spike_clusters"]),
        {
            "source": "a test fixture of ibllib 4.1.0 (brainbox, ephys_test)",
            "license": "MIT, copyright (c) 2018 International Brain Laboratory; text in LICENSE-ibllib beside the file",
            "citation": "International Brain Laboratory, ibllib 4.1.0",
        },
    )


def bold() -> Recording:
    """Functional MRI of a human brain: 28 regions and 3 nuisance signals, 250 volumes, one every 1.89 s.

    The property `type` is "region" or "nuisance"; the nuisance channels are WM (white matter), Vent (ventricles) and
    Brain, which `recording.regress(["WM", "Vent", "Brain"])` takes out. Linearly they explain less than 1% of what the
    regions hold: the source seems to have regressed them already. Names of most regions start with L or R, the side.

    Caveats: 250 volumes are few for 28 channels. BOLD is slow and smeared by the response of blood, differently in
    each region: an irreversibility of it need not be one of neurons. The source names neither subject nor task;
    its regions have been demeaned, in units that it does not state.

    Returns
    -------
    Recording
        Of signals; attributes of `data`: source, license, citation.
    """
    with (files("neurothermo.recordings") / "data" / "bold_28_rois.csv").open(encoding="utf-8") as file:
        names = [name.strip().strip('"') for name in file.readline().split(",")]
        values = np.loadtxt(file, delimiter=",")
    return _stamped(
        from_array(
            values,
            interval=1.89,
            channels=names,
            averaged=True,
            properties={"type": ["nuisance" if name in ("WM", "Vent", "Brain") else "region" for name in names]},
        ),
        {
            "source": "the data set shipped with nitime 0.12.1 (fmri_timeseries.csv)",
            "license": "BSD-3-Clause, copyright (c) 2006-2011, NIPY Developers; text in LICENSE-nitime beside the file",
            "citation": "nitime 0.12.1, NIPY Developers",
        },
    )


def ecog_stn() -> Recording:
    """Cortical surface and subthalamic nucleus of one patient with Parkinson's disease: 19 s at 1 kHz.

    Three channels of local field potential in the subthalamic nucleus (STN1 to STN3), six electrodes on the cortex
    (ECOG1 to ECOG6), and one of movement (the task was to grip). The property `type` is "stn", "ecog" or "movement".
    Off medication; there is a beta rhythm at 20 Hz.

    Caveats: the scale is arbitrary (the source's header makes tens of volts of it), so standardize. The mains
    at 60 Hz have been notched out. The movement channel is behaviour and no neural signal: leave it out by
    `recording.select(type=["stn", "ecog"])`. Neighbouring samples at 1 kHz are nearly equal: resample.

    Returns
    -------
    Recording
        Of signals; attributes of `data`: source, license, citation.

    References
    ----------
    Merk et al., eLife 11, e75126 (2022).
    """
    archive = _archive("ecog_stn_1khz.npz")
    names = [str(name) for name in archive["channels"]]
    kinds = {"STN": "stn", "ECO": "ecog", "mov": "movement"}
    return _stamped(
        from_array(
            archive["signal"],
            float(archive["sampling_rate"]),
            channels=names,
            properties={"type": [kinds[name[:3]] for name in names]},
        ),
        {
            "source": "the example shipped with py_neuromodulation 0.1.3 (sub-testsub, EphysMedOff, gripforce)",
            "license": "MIT, copyright (c) 2021 Interventional Cognitive Neuromodulation - Neumann Lab Berlin; text in "
            "LICENSE-py_neuromodulation beside the file",
            "citation": "T. Merk et al., Electrocorticography is superior to subthalamic local field potentials for "
            "movement decoding in Parkinson's disease, eLife 11, e75126, 2022",
        },
    )


def _archive(name: str) -> dict[str, Any]:
    with (files("neurothermo.recordings") / "data" / name).open("rb") as file:
        return dict(np.load(file, allow_pickle=False))


def _head_direction_epochs(archive: dict[str, Any]) -> dict[str, Any]:
    return {
        name.removeprefix("epoch_"): ticks / round(1 / MICROSECOND)
        for name, ticks in archive.items() if name.startswith("epoch_")
    }  # fmt: skip


def _stamped(recording: Recording, attributes: dict[str, str]) -> Recording:
    """With its source in the attributes and at the head of its history."""
    history = (attributes["source"], *recording.history)
    return replace(recording, data=recording.data.assign_attrs(attributes), history=history)
