"""Sixteen trials side by side: vector arithmetic that is written out, where a compiler cannot find it by itself.

A state of many variables whose trials lie side by side is a stack of short rows. Each row is one vector, every trial a
lane of it, and no sum crosses lanes. Numba finds no vectors in loops so short; so the few lines that cost all the
time are written with `Lanes`, whose operators append vector instructions to the function that is being compiled.
Products and sums are fused where `fma` says so and nowhere else: a lane gets the same bits in every function.

A machine with narrower registers takes several for one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from neurothermo.engine.counter import FIRST, SECOND
from neurothermo.engine.normals import UNIT_ANGLE

WIDTH = 16
FLOATS = ir.VectorType(ir.FloatType(), WIDTH)
INTS = ir.VectorType(ir.IntType(32), WIDTH)
WORDS = ir.VectorType(ir.IntType(64), WIDTH)
ALIGNMENT = 4  # bytes that may be relied on; vectors that lie across a line of the cache are only slower


@dataclass(frozen=True, eq=False)
class Lanes:
    """Numbers side by side: float32, int32 or words of 64 bits. An operand may also be a Python number."""

    builder: Any
    value: Any

    def _like(self, other: Any) -> Any:
        if isinstance(other, Lanes):
            return other.value
        return ir.Constant(self.value.type, [other] * WIDTH)

    def _of(self, value: Any) -> Lanes:
        return Lanes(self.builder, value)

    @property
    def _real(self) -> bool:
        return bool(self.value.type == FLOATS)

    def __add__(self, other: Any) -> Lanes:
        add = self.builder.fadd if self._real else self.builder.add
        return self._of(add(self.value, self._like(other)))

    def __sub__(self, other: Any) -> Lanes:
        subtract = self.builder.fsub if self._real else self.builder.sub
        return self._of(subtract(self.value, self._like(other)))

    def __mul__(self, other: Any) -> Lanes:
        multiply = self.builder.fmul if self._real else self.builder.mul
        return self._of(multiply(self.value, self._like(other)))

    def __neg__(self) -> Lanes:
        return self._of(self.builder.fneg(self.value))

    def __truediv__(self, other: Any) -> Lanes:
        return self._of(self.builder.fdiv(self.value, self._like(other)))

    def over(self, number: float) -> Lanes:
        """A number divided by these."""
        return self._of(self.builder.fdiv(self._like(number), self.value))

    def __rshift__(self, other: Any) -> Lanes:
        """Zeros come in from the left."""
        return self._of(self.builder.lshr(self.value, self._like(other)))

    def __lshift__(self, other: Any) -> Lanes:
        return self._of(self.builder.shl(self.value, self._like(other)))

    def __and__(self, other: Any) -> Lanes:
        return self._of(self.builder.and_(self.value, self._like(other)))

    def __xor__(self, other: Any) -> Lanes:
        return self._of(self.builder.xor(self.value, self._like(other)))

    def extended(self, places: int) -> Lanes:
        """Shifted right, the sign coming in from the left."""
        return self._of(self.builder.ashr(self.value, self._like(places)))

    def clipped(self, low: float, high: float) -> Lanes:
        """Between two numbers; NaN becomes the second."""
        low, high = self._like(low), self._like(high)
        under = self.builder.select(self.builder.fcmp_ordered("<", self.value, high), self.value, high)
        return self._of(self.builder.select(self.builder.fcmp_ordered(">", under, low), under, low))

    def where(self, one: Lanes, other: Lanes) -> Lanes:
        """`one` where these are not zero, else `other`."""
        chosen = self.builder.icmp_unsigned("!=", self.value, self._like(0))
        return self._of(self.builder.select(chosen, one.value, other.value))

    def low_half(self) -> Lanes:
        """The low 32 bits of words."""
        return self._of(self.builder.trunc(self.value, INTS))

    def as_floats(self) -> Lanes:
        """Integers as floats."""
        return self._of(self.builder.sitofp(self.value, FLOATS))

    def as_ints(self) -> Lanes:
        """Floats as integers, cut towards zero."""
        return self._of(self.builder.fptosi(self.value, INTS))

    def bits(self) -> Lanes:
        """The bits of floats, or the floats of bits."""
        return self._of(self.builder.bitcast(self.value, INTS if self._real else FLOATS))

    def root(self) -> Lanes:
        """Square roots."""
        return self._called("llvm.sqrt", self)

    def fma(self, factor: Any, term: Any) -> Lanes:
        """These times `factor` plus `term`, rounded once where the machine can."""
        return self._called("llvm.fmuladd", self, factor, term)

    def _called(self, name: str, *given: Any) -> Lanes:
        kind = ir.FunctionType(FLOATS, [FLOATS] * len(given))
        function = self.builder.module.declare_intrinsic(f"{name}.v{WIDTH}f32", (), kind)
        return self._of(self.builder.call(function, [self._like(one) for one in given]))


@dataclass(frozen=True, eq=False)
class Rows:
    """A one-dimensional array in code under construction, seen as rows of lanes or number by number."""

    builder: Any
    data: Any

    def row(self, index: Any) -> Any:
        """Where a row begins."""
        first = self.builder.mul(index, ir.Constant(index.type, WIDTH))
        return self.builder.gep(self.data, [first])

    def load(self, index: Any, kind: Any = FLOATS) -> Lanes:
        """A row."""
        place = self.builder.bitcast(self.row(index), kind.as_pointer())
        return Lanes(self.builder, self.builder.load(place, align=ALIGNMENT))

    def store(self, index: Any, lanes: Lanes) -> None:
        """Puts a row."""
        place = self.builder.bitcast(self.row(index), lanes.value.type.as_pointer())
        self.builder.store(lanes.value, place, align=ALIGNMENT)

    def spread(self, index: Any, ahead: int = 0) -> Lanes:
        """One number, the one `ahead` of an index, in every lane."""
        place = self.builder.gep(self.data, [self.builder.add(index, ir.Constant(index.type, ahead))])
        return spread(self.builder, self.builder.load(place))


def spread(builder: Any, scalar: Any) -> Lanes:
    """One number in every lane."""
    kind = ir.VectorType(scalar.type, WIDTH)
    single = builder.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(INTS, [0] * WIDTH)
    return Lanes(builder, builder.shuffle_vector(single, ir.Constant(kind, ir.Undefined), zeros))


def rows_of(context: Any, builder: Any, kind: Any, value: Any) -> Rows:
    """An array that a compiled function was given."""
    return Rows(builder, context.make_array(kind)(context, builder, value).data)


def polynomial(x: Lanes, coefficients: Sequence[float]) -> Lanes:
    """By Horner's rule, the highest power first."""
    total = x.fma(coefficients[0], coefficients[1])
    for coefficient in coefficients[2:]:
        total = total.fma(x, coefficient)
    return total


def mixed(words: Lanes, key: Lanes) -> Lanes:
    """The bits of `counter.mix`."""
    words = (words ^ (words >> 30)) * int(FIRST)
    words = words ^ key
    words = (words ^ (words >> 27)) * int(SECOND)
    return words ^ (words >> 31)


def exp(x: Lanes) -> Lanes:
    """e^x to 2 ulp for -87 <= x <= 87 (Cephes' polynomial, Moshier 1989)."""
    whole = x.fma(1.44269504, 128.5).as_ints() - 128
    turns = whole.as_floats()
    r = turns.fma(-0.693359375, x)
    r = turns.fma(2.12194440e-4, r)
    p = polynomial(
        r,
        (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1),
    )
    p = p.fma(r * r, r) + 1.0
    return p * ((whole + 127) << 23).bits()


def log(x: Lanes) -> Lanes:
    """ln x to 2 ulp for positive normal x (Cephes' polynomial, Moshier 1989)."""
    bits = x.bits()
    exponent = (bits - 0x3F3504F3).extended(23)
    m = (bits - (exponent << 23)).bits() - 1.0
    p = polynomial(
        m,
        (
            7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
            2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
        ),
    )  # fmt: skip
    square = m * m
    return exponent.as_floats().fma(0.69314718, m + (p * m).fma(square, square * -0.5))


def tanh(x: Lanes) -> Lanes:
    """1 - 2/(e^2x + 1), to 2e-7; a number for NaN too."""
    return (exp((x + x).clipped(-40.0, 40.0)) + 1.0).over(-2.0) + 1.0


def normal_pair(bits: Lanes) -> tuple[Lanes, Lanes]:
    """The two standard normals of `normals.normal_pair`."""
    height, angle = (bits >> 33).low_half().as_floats(), (bits & 0xFFFFFF).low_half()
    radius = (log(height.fma(2.0**-31, 2.0**-32)) * -2.0).root()
    quadrant = (angle + (1 << 21)) >> 22
    x = (angle - (quadrant << 22)).as_floats() * UNIT_ANGLE
    z = x * x
    sine = (polynomial(z, (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)) * z).fma(x, x)
    cosine = polynomial(z, (2.443315712e-5, -1.388731625e-3, 4.166664568e-2)).fma(z * z, z.fma(-0.5, 1.0))
    odd = quadrant & 1
    across, along = odd.where(sine, cosine), odd.where(cosine, sine)
    cos = (across.bits() ^ (((quadrant + 1) & 2) << 30)).bits()
    sin = (along.bits() ^ ((quadrant & 2) << 30)).bits()
    return radius * cos, radius * sin
