"""Rows of results: what was measured, against what, what was asked for; as text and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.harness import Ask, Sample, Spread, ratio

HEADINGS = ("what", "ours", "opponent", "ratio", "asked for", "reached")


@dataclass(frozen=True)
class Row:
    """One line. `reached` is None where nothing was asked for or nothing could be measured.

    `must_hold`: a fact and no timing, such as equal bits; a run in which one fails ends with exit code 1.
    """

    what: str
    ours: str = ""
    opponent: str = ""
    ratio: str = ""
    asked: str = ""
    reached: bool | None = None
    must_hold: bool = False
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def cells(self) -> tuple[str, ...]:
        """The six columns."""
        verdict = {True: "yes", False: "NO", None: "-"}[self.reached]
        return self.what, self.ours, self.opponent, self.ratio, self.asked, verdict


def against(
    what: str, ours: Sample, theirs: Sample, ask: Ask | None = None, *, faster: bool = False, unit: float = 1.0,
    clock: str = "core",
) -> Row:  # fmt: skip
    """Our time against an opponent's; `faster` prints theirs over ours instead of ours over theirs.

    `unit` turns seconds a unit of work into the nanoseconds, milliseconds or seconds printed: 1e9, 1e3, 1; `clock`
    is "core" or "wall".
    """
    spread = ratio(theirs, ours, clock) if faster else ratio(ours, theirs, clock)
    return Row(
        what,
        in_units(ours, unit, clock),
        f"{theirs.name}: {in_units(theirs, unit, clock)}",
        f"{spread.median:.3g} [{spread.low:.3g}, {spread.high:.3g}]",
        str(ask) if ask else "",
        ask.reached(spread.median) if ask else None,
        numbers={"ratio": asdict(spread), "ours": asdict(ours), "opponent": asdict(theirs)},
    )


def rate(what: str, ours: Sample, ask: Ask, clock: str = "core") -> Row:
    """Millions of units of work a core-second, or a second by the wall's clock, against a number."""
    spread = Spread.of(1e-6 / ours.of(clock))
    shown = f"{spread.median:.3g} [{spread.low:.3g}, {spread.high:.3g}] M/{'core-s' if clock == 'core' else 's'}"
    numbers = {"rate": asdict(spread), "ours": asdict(ours)}
    return Row(what, shown, "", "", str(ask), ask.reached(spread.median), numbers=numbers)


def quantity(what: str, value: float, shown: str, ask: Ask | None = None, **numbers: Any) -> Row:
    """One measured number against what was asked for."""
    reached = ask.reached(value) if ask else None
    return Row(what, shown, "", "", str(ask) if ask else "", reached, numbers={"value": value, **numbers})


def fact(what: str, holds: bool, shown: str, asked: str, **numbers: Any) -> Row:
    """Something that is so or is not, on any machine."""
    return Row(what, shown, "", "", asked, holds, must_hold=True, numbers=numbers)


def absent(what: str, opponent: str, why: str) -> Row:
    """A comparison that could not be made, and why."""
    return Row(what, opponent=f"{opponent}: absent ({why})")


def compilation(sample: Sample) -> Row:
    """What the first call took beyond a later one."""
    shown = f"{sample.first.core:.2f} core-s, {sample.first.wall:.2f} s"
    return Row(f"compiling: {sample.name}", shown, numbers={"first": asdict(sample.first)})


def in_units(sample: Sample, unit: float, clock: str = "core") -> str:
    """The median time of a unit of work."""
    return f"{Spread.of(sample.of(clock)).median * unit:.3g} {({1e9: 'ns', 1e3: 'ms', 1.0: 's'})[unit]}"


def text(title: str, rows: list[Row]) -> str:
    """A group as a Markdown table whose columns line up."""
    lines = [HEADINGS, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    shown = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + " |" for line in lines]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([f"## {title}", "", shown[0], rule, *shown[1:], ""])
