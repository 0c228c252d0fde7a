"""A ledger from a file that may be anybody's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neurothermo.core.errors import InputError
from neurothermo.core.hdf5 import check_apart, check_readable, member, names_in

WORDS = (
    "direction", "protocol", "protocol_reversed", "rule", "rule_reversed", "system", "clock", "initial", "energy",
    "keeps_not", "run", "version", "initial_route", "configuration",
)  # fmt: skip


def read_ledger(path: Path, name: str = "path") -> Any:
    """The ledger in a NetCDF file, in memory.

    Parameters
    ----------
    path : path
    name : str
        What the file is called in errors.

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    InputError
        If it is no readable NetCDF, or its variables are not numbers over trials, or links lead to other files.
    """
    import xarray

    try:
        check_apart(path)
        _check_whole(path)
        with xarray.open_dataset(path, engine="h5netcdf", decode_times=False) as opened:
            ledger = opened.load()
    except Exception as error:  # HDF5, h5netcdf and xarray each fail in their own way on what is damaged
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise InputError(f"{name}: {path} is not a readable ledger ({reason})") from None
    for variable, values in ledger.data_vars.items():
        if values.dims[:1] != ("trial",) or values.dtype.kind not in "iufb":
            raise InputError(
                f"{name}: {path} is not a ledger: {variable} must hold numbers, one row a trial, got {values.dtype} "
                f"over ({', '.join(map(str, values.dims))})"
            )
    for key, value in ledger.attrs.items():
        if not _fits(str(key), value):
            raise InputError(f"{name}: {path} is not a ledger: its attribute {key!r} is {type(value).__name__}")
    if "rule" in ledger.attrs and "initial" not in ledger.attrs:
        raise InputError(f"{name}: {path} is not a ledger: it does not say how its trials started (initial)")
    return ledger


def _fits(key: str, value: Any) -> bool:
    """Words where a ledger has words; elsewhere words or one number; temperatures may be one a neuron."""
    if key in WORDS:
        return isinstance(value, str)
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iuf" and (value.size == 1 or key in ("temperature", "temperatures"))
    return isinstance(value, str | bytes | int | float | np.number | np.bytes_)


def _check_whole(path: Path) -> None:
    """Every variable lies in the file itself and fits in memory."""
    import h5py

    with h5py.File(path, "r") as file:
        for name in names_in(file):
            check_readable(member(file, name), name)
