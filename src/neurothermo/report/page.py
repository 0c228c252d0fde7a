"""One self-contained HTML page: figures, numbers, configuration, versions and seed; it prints on paper too."""

from __future__ import annotations

import base64
import html
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from math import isfinite, isnan
from pathlib import Path
from typing import Any

from neurothermo.core.files import write_json, write_text
from neurothermo.core.plain import plain
from neurothermo.report.figures import png
from neurothermo.report.panel import Panel, Row

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 Georgia, 'Times New Roman', serif; color: #1a1a1a; max-width: 54rem; margin: 2rem auto;
       padding: 0 1rem; background: #fff; }
h1, h2 { line-height: 1.2; font-weight: 600; } h1 { font-size: 1.7rem; } h2 { font-size: 1.2rem; margin-top: 2.4rem; }
figure { margin: 0.5rem 0; } img { max-width: 100%; height: auto; } p.caption, p.note { color: #444; }
table { border-collapse: collapse; width: 100%; font: 13px/1.4 system-ui, sans-serif;
        font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.25rem 0.6rem 0.25rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
th { border-bottom: 2px solid #888; } td.number, th.number { text-align: right; white-space: nowrap; }
td.short { white-space: nowrap; }
td.sentence { color: #555; font-size: 12px; padding-left: 1rem; border-bottom: 1px solid #ddd; }
tr.said td { border-bottom: none; padding-bottom: 0; }
.good { color: #00614a; } .bad { color: #a33b00; font-weight: 600; } .open { color: #666; }
pre { background: #f6f6f6; padding: 0.8rem; overflow-x: auto; font-size: 12px; white-space: pre-wrap; }
.scroll { overflow-x: auto; }
@media print { body { max-width: none; margin: 0; font-size: 11pt; } h2 { break-after: avoid; }
  figure, tr { break-inside: avoid; } pre { white-space: pre-wrap; } }
"""


SHORT = 18  # letters of an entry that is not broken


def versions() -> dict[str, str]:
    """What the numbers were made with."""
    packages = ("neurothermo", "numpy", "scipy", "numba", "xarray", "matplotlib")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def write_report(
    folder: Path, title: str, introduction: str, panels: Sequence[Panel], configuration: dict[str, Any],
    command: str, advance: Callable[[float], None] = lambda done: None, more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Write `report.html`, `results.json` and `figures/*.png` into a folder; returns what is in results.json.

    Parameters
    ----------
    folder : Path
        An existing folder.
    title, introduction : str
        Lines of the introduction that begin with "- " are the entries of a list.
    panels : sequence of Panel
    configuration : mapping
        All that was set, seed included.
    command : str
        What makes this report again.
    advance : callable, optional
        Told 1 for every panel drawn.
    more : mapping, optional
        What else is to be in results.json.
    """
    results = {
        "title": title,
        "command": command,
        "configuration": plain(configuration),
        "versions": versions(),
        **plain(more or {}),
        "figures": [panel.to_dict() for panel in panels],
    }
    (folder / "figures").mkdir()
    pictures = {}
    for panel in panels:
        if panel.draw is not None:
            pictures[panel.name] = png(panel.draw, panel.size)
            (folder / "figures" / f"{_file_name(panel.name)}.png").write_bytes(pictures[panel.name])
        advance(1)
    write_json(folder / "results.json", results)
    write_text(folder / "report.html", _page(title, introduction, panels, pictures, results))
    return results


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)


def _page(
    title: str,
    introduction: str,
    panels: Sequence[Panel],
    pictures: dict[str, bytes],
    results: dict[str, Any],
) -> str:
    sections = "\n".join(_section(panel, pictures.get(panel.name)) for panel in panels)
    made = html.escape(json.dumps(results["versions"], indent=2))
    settings = html.escape(json.dumps(results["configuration"], indent=2, default=str))
    return (
        f"<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>{html.escape(title)}</title>"
        f"<meta name='viewport' content='width=device-width, initial-scale=1'><style>{STYLE}</style></head><body>"
        f"<h1>{html.escape(title)}</h1>{_introduction(introduction)}{_summary(panels)}{sections}"
        f"<h2>How this was made</h2><p>Again with:</p><pre>{html.escape(results['command'])}</pre>"
        f"<p>Configuration</p><pre>{settings}</pre><p>Versions</p><pre>{made}</pre></body></html>\n"
    )


def _introduction(text: str) -> str:
    lines = text.splitlines()
    points = [line.removeprefix("- ") for line in lines if line.startswith("- ")]
    words = "".join(f"<p>{html.escape(line)}</p>" for line in lines if not line.startswith("- "))
    return words + _notes(points)


def _summary(panels: Sequence[Panel]) -> str:
    rows = [row for panel in panels for row in panel.rows]
    judged = [row.as_expected for row in rows if row.as_expected is not None]
    if not judged:
        return ""
    text = f"{sum(judged)} of {len(judged)} judged numbers came out as theory says"
    odd = [row for row in rows if row.as_expected is False]
    return f"<p>{text}{'.' if not odd else ':'}</p>" + (
        "<ul>"
        + "".join(f"<li class='bad'>{html.escape(f'{row.quantity} ({row.variant})')}</li>" for row in odd)
        + "</ul>"
        if odd
        else ""
    )


def _section(panel: Panel, picture: bytes | None) -> str:
    title, caption = html.escape(panel.title, quote=True), html.escape(panel.caption)
    image = ""
    if picture is not None:
        data = base64.b64encode(picture).decode("ascii")
        image = f"<figure><img alt='{title}' src='data:image/png;base64,{data}'></figure>"
    words = f"{_words(panel.table)}{_notes(panel.notes)}"
    return f"<h2>{title}</h2>{image}<p class='caption'>{caption}</p>{_table(panel.rows)}{words}"


def _words(table: Sequence[Sequence[str]]) -> str:
    """A table of text, its first row the head."""
    if not table:
        return ""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in table[0])
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in table[1:])
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _cell(text: str) -> str:
    """Short entries stay on one line."""
    short = " class='short'" if len(text) <= SHORT else ""
    return f"<td{short}>{html.escape(text)}</td>"


def _notes(notes: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{html.escape(note)}</li>' for note in notes)}</ul>" if notes else ""


def _table(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    head = "".join(
        f"<th class='{'number' if name in ('estimate', 'error', 'exact', 'z') else ''}'>{name}</th>"
        for name in ("quantity", "variant", "estimate", "error", "exact", "z", "verdict")
    )
    body = "".join(map(_row, rows))
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _row(row: Row) -> str:
    numbers = "".join(
        f"<td class='number'>{_number(value)}</td>" for value in (row.value, row.stderr, row.exact, row.z)
    )
    units = f" ({row.units})" if row.units else ""
    cells = f"<td>{html.escape(row.quantity + units)}</td><td>{html.escape(row.variant)}</td>{numbers}{_verdict(row)}"
    said = f"<tr><td class='sentence' colspan='7'>{html.escape(row.sentence)}</td></tr>" if row.sentence else ""
    return f"<tr class='{'said' if said else ''}'>{cells}</tr>{said}"


def _verdict(row: Row) -> str:
    if row.verdict is None:
        return "<td class='open'>not judged</td>"
    words = ("fails", "holds") if isnan(row.value) else ("differs", "agrees")  # some verdicts take no number
    word = words[row.verdict]
    if row.as_expected:
        return f"<td class='good'>{word}{'' if row.verdict else ', as it must'}</td>"
    return f"<td class='bad'>{word}, and should not</td>"


def _number(value: float) -> str:
    return f"{value + 0.0:.4g}".replace("-", "−") if isfinite(value) else "—"
