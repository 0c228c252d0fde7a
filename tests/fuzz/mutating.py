"""Almost valid input: one or a few things changed in what was valid."""

from __future__ import annotations

import io
import json
import math
import zipfile
from copy import deepcopy
from random import Random
from typing import Any

ODD = (
    None, True, False, 0, -1, 1, 2, 3, 7, 255, 2**31, -(2**31), 2**53, 2**63, -(2**63) - 1, 2**64, 10**15, 10**40, 0.0,
    -0.0, 0.5, -1.5, 1e-320, 1e-30, 1e30, 1e308, -1e308, math.nan, math.inf, -math.inf, "", "a", "0", "1e400", "nan",
    "\0",
    "../../etc/passwd", "/dev/zero", "/etc/passwd", "..", "\n", "\x1b[2J", "é" * 40, "\ud800", "ramp", "{", "%s", [],
    {},
    [[]], [0], [1.0, math.nan], ["a"], [[1, 2], [3]], [[1]], {"kind": "logistic"}, {"a": 1}, {"pattern": 1}, [None],
)  # fmt: skip


def changed(value: Any, rng: Random, times: int | None = None) -> Any:
    """Nested lists and mappings with some of what they hold replaced, taken away, doubled, renamed or moved."""
    value = deepcopy(value)
    for _ in range(rng.randint(1, 3) if times is None else times):
        places = list(_places(value))
        if not places:
            return deepcopy(rng.choice(ODD))
        holder, key = rng.choice(places)
        what = rng.randrange(8)
        if what <= 3:
            holder[key] = deepcopy(rng.choice(ODD))
        elif what == 4:
            del holder[key]
        elif what == 5:
            other, name = rng.choice(places)
            holder[key] = deepcopy(other[name]) if name in other or isinstance(other, list) else None
        elif what == 6:
            holder[key] = _nudged(holder[key], rng)
        elif isinstance(holder, dict):
            holder[rng.choice((*(str(name) for _, name in places), "", "x", "kind", "values"))] = holder.pop(key)
        else:
            holder.extend(deepcopy(holder[:1]) * rng.choice((1, 2, 40)))
    return value


def _places(value: Any) -> Any:
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def _nudged(value: Any, rng: Random) -> Any:
    """Something of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice((-1, 1, -value, 10))
    if isinstance(value, float):
        return rng.choice((-value, value * 1e9, value * 1e-9, value + 1))
    if isinstance(value, str):
        return rng.choice((value.upper(), value[1:], value + value, value + " ", " "))
    if isinstance(value, list):
        return rng.choice((value[1:], value + value, [value], value[::-1]))
    return rng.choice(({}, {"a": value}, [value]))


def toml(table: dict[str, Any]) -> str:
    """As TOML, tables inline: what can be said in it."""
    return "".join(f"{_word(key)} = {_toml(value)}\n" for key, value in table.items() if value is not None)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        inside = (f"{_word(key)} = {_toml(item)}" for key, item in value.items() if item is not None)
        return "{ " + ", ".join(inside) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value if item is not None) + "]"
    return _word(value) if isinstance(value, str) else repr(value)


def _word(text: Any) -> str:
    return json.dumps(str(text).encode("utf-8", "replace").decode(), ensure_ascii=True).replace("\\ud", "\\u0d")


def packed(files: dict[str, bytes]) -> bytes:
    """A folder as one input."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return buffer.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    """What `packed` has packed; nothing where it did not. Only names inside the folder."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = [info for info in archive.infolist() if info.file_size < 10**6 and not info.is_dir()][:200]
            return {info.filename: archive.read(info) for info in listed if _inside(info.filename)}
    except Exception:  # of damaged archives, zipfile says so in many ways
        return {}


def _inside(name: str) -> bool:
    parts = name.split("/")
    return len(name) < 200 and "\0" not in name and not {"", ".", ".."} & set(parts) and not name.startswith("/")


def flipped(data: bytes, rng: Random) -> bytes:
    """Some bytes changed, cut out, doubled, or the end cut off."""
    found = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if not found:
            return bytes(found)
        at = rng.randrange(len(found))
        what = rng.randrange(6)
        if what <= 2:
            found[at] = rng.choice((0, 1, 255, 127, 128, found[at] ^ (1 << rng.randrange(8))))
        elif what == 3:
            del found[at : at + rng.choice((1, 4, 64))]
        elif what == 4:
            found[at:at] = found[at : at + rng.choice((1, 8, 64))]
        else:
            width = rng.choice((2, 4, 8))
            found[at : at + width] = rng.choice((0, 1, 2**31 - 1, 2**63 - 1, 2 ** (8 * width) - 1)).to_bytes(
                8, "little"
            )[:width]
    return bytes(found[: rng.randrange(len(found) + 1)] if rng.random() < 0.1 else found)


def changed_file(data: bytes, rng: Random) -> bytes:
    """A file with a structure that can be seen (JSON, lines of it) changed in it, or in its bytes."""
    if rng.random() < 0.6:
        try:
            lines = data.decode().splitlines()
            whole = [json.loads(data)] if data[:1] == b"{" and len(lines) != 1 else None
            parsed = whole or [json.loads(line) for line in lines]
            return "\n".join(dumped(changed_json(item, rng)) for item in parsed).encode() + b"\n" * (whole is None)
        except (ValueError, RecursionError):
            pass
    return flipped(data, rng)


def changed_json(value: Any, rng: Random) -> Any:
    """As `changed`; JSON within a word of it is changed as JSON too."""
    if isinstance(value, dict) and isinstance(about := value.get("attributes"), dict) and rng.random() < 0.7:
        nested = [key for key, item in about.items() if isinstance(item, str) and item[:1] in "[{" and item]
        if nested:
            key = rng.choice(nested)
            try:
                inner = dumped(changed(json.loads(about[key]), rng))
            except ValueError:
                return changed(value, rng)
            return {**value, "attributes": {**about, key: inner}}
    return changed(value, rng)


def dumped(value: Any) -> str:
    """As JSON, NaN as Python writes it."""
    return json.dumps(value, default=repr)


def changed_folder(files: dict[str, bytes], rng: Random) -> dict[str, bytes]:
    """One or two files of a folder changed, gone, or one in the place of another."""
    files = dict(files)
    for _ in range(rng.choice((1, 1, 2))):
        if not files:
            return files
        name = rng.choice(sorted(files))
        what = rng.randrange(10)
        if what == 0:
            del files[name]
        elif what == 1:
            files[name] = files[rng.choice(sorted(files))]
        else:
            files[name] = changed_file(files[name], rng)
    return files
