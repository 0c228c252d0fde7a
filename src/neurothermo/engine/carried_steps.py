"""Steps of variables coupled through a sigmoid gain, many in one call: noise, move, work and flow in one pass.

    activity a = offset + height tanh(slope x + shift);   drift = coupling(a) + fall x
    force  = drift + held;   increment = pace force + noise normal;   x += increment
    flow  += increment . (force before + force after) inverse + (after^2 - before^2) curvature
    work  -= change . a

`held` is what the input of a step and the constant input add to the drift. One pass over memory settles the flow of
the move that ended here, makes the next one, and puts the new activity where the coupling finds it.

States are rows of lanes, (variables, trials); variables go by twos, i and half + i, whose normals are one pair.
Single precision in the arrays; the sums of a trial are single over a few rows, double over all.
"""

import numpy as np
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from neurothermo.engine.counter import GOLDEN, f4, trial_keys, u8, use_wide_vectors
from neurothermo.engine.lanes import WIDTH, WORDS, mixed, normal_pair, rows_of, spread, tanh
from neurothermo.engine.ring_transform import convolve

FALL, PACE, NOISE, INVERSE, CURVATURE = range(5)
TERMS = 5  # numbers of a variable, in the order of these names
FEW = 32  # pairs of rows whose shares are added up in single precision


def _opened(context, builder, signature, given):
    """Arguments of a function under construction: arrays as rows of lanes, tuples of them as lists, others as is."""
    opened = []
    for kind, value in zip(signature.args, given, strict=True):
        if isinstance(kind, types.Array):
            opened.append(rows_of(context, builder, kind, value))
        elif isinstance(kind, types.UniTuple) and isinstance(kind.dtype, types.Array):
            members = cgutils.unpack_tuple(builder, value, kind.count)
            opened.append([rows_of(context, builder, kind.dtype, member) for member in members])
        elif isinstance(kind, types.UniTuple):
            members = cgutils.unpack_tuple(builder, value, kind.count)
            opened.append([spread(builder, member) for member in members])
        else:
            opened.append(value)
    return opened


def _activity(x, gain):
    slope, shift, height, offset = gain
    return tanh(x.fma(slope, shift)).fma(height, offset)


def _settled(flow, moved, before, after, inverse, curvature):
    """The flow with the share of one variable."""
    share = (after - before).fma(curvature, moved * inverse)
    return share.fma(before + after, flow)


@intrinsic
def _start(_typing, states, activity, gain, place):
    """The activity of a row."""

    def generate(context, builder, signature, given):
        states, activity, gain, place = _opened(context, builder, signature, given)
        activity.store(place, _activity(states.load(place), gain))
        return context.get_dummy_value()

    return types.void(states, activity, gain, place), generate


@intrinsic
def _advance(_typing, arrays, terms, earlier, held, keys, counter, gain, flow, variables, column, columns):
    """Two variables, in a column of lanes."""

    def generate(context, builder, signature, given):
        arrays, terms, earlier, held, keys, counter, gain, flow, _, column, columns = _opened(
            context, builder, signature, given
        )
        states, moves, forces, drift, activity = arrays
        bits = mixed(keys[0].load(column, WORDS) + spread(builder, counter), keys[1].load(column, WORDS))
        total = flow.load(column)
        variables = cgutils.unpack_tuple(builder, given[8], 2)
        for variable, normal in zip(variables, normal_pair(bits), strict=True):
            place = builder.add(builder.mul(variable, columns), column)
            term = builder.mul(variable, variable.type(TERMS))
            x = states.load(place)
            bare = x.fma(terms.spread(term, FALL), drift.load(place))
            after, force = bare + earlier.spread(variable), bare + held.spread(variable)
            inverse, curvature = terms.spread(term, INVERSE), terms.spread(term, CURVATURE)
            total = _settled(total, moves.load(place), forces.load(place), after, inverse, curvature)
            move = force.fma(terms.spread(term, PACE), normal * terms.spread(term, NOISE))
            x = x + move
            moves.store(place, move)
            forces.store(place, force)
            states.store(place, x)
            activity.store(place, _activity(x, gain))
        flow.store(column, total)
        return context.get_dummy_value()

    given = (arrays, terms, earlier, held, keys, counter, gain, flow, variables, column, columns)
    return types.void(*given), generate


@intrinsic
def _settle(_typing, arrays, terms, held, flow, variable, column, columns):
    """The flow of the last move of one variable, without another move."""

    def generate(context, builder, signature, given):
        arrays, terms, held, flow, variable, column, columns = _opened(context, builder, signature, given)
        states, moves, forces, drift, _ = arrays
        place = builder.add(builder.mul(variable, columns), column)
        term = builder.mul(variable, variable.type(TERMS))
        after = states.load(place).fma(terms.spread(term, FALL), drift.load(place)) + held.spread(variable)
        inverse, curvature = terms.spread(term, INVERSE), terms.spread(term, CURVATURE)
        total = _settled(flow.load(column), moves.load(place), forces.load(place), after, inverse, curvature)
        flow.store(column, total)
        return context.get_dummy_value()

    return types.void(arrays, terms, held, flow, variable, column, columns), generate


@intrinsic
def _push(_typing, activity, change, work, variable, column, columns):
    """change . activity of one variable."""

    def generate(context, builder, signature, given):
        activity, change, work, variable, column, columns = _opened(context, builder, signature, given)
        place = builder.add(builder.mul(variable, columns), column)
        work.store(column, activity.load(place).fma(change.spread(variable), work.load(column)))
        return context.get_dummy_value()

    return types.void(activity, change, work, variable, column, columns), generate


@njit(error_model="numpy")
def _add(shares, totals, sign):
    """Shares in single precision into the sums in double."""
    for lane in range(len(shares)):
        totals[lane] += sign * shares[lane]
        shares[lane] = f4(0)


@njit(error_model="numpy")
def _advance_all(arrays, terms, earlier, held, keys, counter, gain, sums):
    """All variables; the flow of the moves that ended here."""
    use_wide_vectors()
    shares, flow = sums
    half, columns = len(terms) // (2 * TERMS), len(shares) // WIDTH
    for pair in range(half):
        word = counter + u8(pair) * GOLDEN
        for column in range(columns):
            _advance(arrays, terms, earlier, held, keys, word, gain, shares, (pair, half + pair), column, columns)
        if (pair + 1) % FEW == 0:
            _add(shares, flow, 1.0)
    _add(shares, flow, 1.0)


@njit(error_model="numpy")
def _settle_all(arrays, terms, held, sums):
    """The flow of the last moves, added up in the same order."""
    use_wide_vectors()
    shares, flow = sums
    half, columns = len(terms) // (2 * TERMS), len(shares) // WIDTH
    for pair in range(half):
        for column in range(columns):
            _settle(arrays, terms, held, shares, pair, column, columns)
            _settle(arrays, terms, held, shares, half + pair, column, columns)
        if (pair + 1) % FEW == 0:
            _add(shares, flow, 1.0)
    _add(shares, flow, 1.0)


@njit(error_model="numpy")
def _push_all(activity, change, shares, work):
    """The work of a change of input."""
    use_wide_vectors()
    columns = len(shares) // WIDTH
    for variable in range(len(change)):
        for column in range(columns):
            _push(activity, change, shares, variable, column, columns)
        if (variable + 1) % FEW == 0:
            _add(shares, work, -1.0)
    _add(shares, work, -1.0)


@njit(error_model="numpy")
def _couple(matrix, ring, arrays, lanes):
    """Drift from activity; on a ring the one takes the other's place."""
    if ring is None:
        activity, drift = arrays[4].reshape((-1, lanes)), arrays[3].reshape((-1, lanes))
        np.dot(matrix, activity, drift)
    else:
        convolve(arrays[3], *ring)


@njit(cache=True, nogil=True, error_model="numpy")
def carry(arrays, matrix, ring, terms, held, changes, which, gain, run, work, flow, relax_first):
    """Carry rows of lanes through the steps of `which`, the input at each of them.

    `arrays` are states, moves, forces, drift and activity (on a ring the last two are one), each the rows of all
    variables behind each other. `run` is key, second key, first trial and first step.
    """
    use_wide_vectors()
    lanes, steps = len(flow), len(which) - 1
    key_1, key_2, first_trial, first_step = run
    keys = (np.empty(lanes, np.uint64), np.empty(lanes, np.uint64))
    for lane in range(lanes):
        keys[0][lane], keys[1][lane] = trial_keys(key_1, key_2, first_trial + u8(lane))
    shares, activity = np.zeros(lanes, f4), arrays[4]
    nowhere = np.zeros(lanes)  # for what the first pass settles, where no move ended
    last = which[0]
    for k in range(steps + 1):
        if k == 0:
            for place in range(len(activity) // WIDTH):
                _start(arrays[0], activity, gain, place)
        else:
            now = which[k - 1] if relax_first else which[k]
            counter = ((first_step + u8(k - 1)) << u8(32)) * GOLDEN
            sums = (shares, flow if k > 1 else nowhere)
            _advance_all(arrays, terms, held[last], held[now], keys, counter, gain, sums)
            last = now
        change = k - 1 if relax_first else k  # of the input: the one after this step, or before the next
        if 0 <= change < steps and which[change + 1] != which[change]:
            _push_all(activity, changes[which[change]], shares, work)
        _couple(matrix, ring, arrays, lanes)
    if steps > 0:
        _settle_all(arrays, terms, held[last], (shares, flow))
