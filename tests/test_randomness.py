"""The addressed random numbers: tests aimed at counters and keys, what must fail them, the battery's arithmetic.

Keys are fixed, so nothing here can fail by chance from one day to the next. When it was written, a perfect generator
would have failed each p-value with the odds of 10^-6 that `LEAST` says; there are about 300 of them.
"""

import subprocess
import sys
from itertools import islice, product

import numpy as np
import pytest
from benchmarks.randomness import battery, checks
from benchmarks.randomness.__main__ import main
from benchmarks.randomness.philox import philox, rows
from benchmarks.randomness.streams import BLOCK, RUN, SEED, blocks
from scipy.stats import kstest, kstwo, norm
from threadpoolctl import threadpool_limits

from neurothermo.core.randomness import FIRST, GOLDEN, SECOND, SECOND_KEY, Stream, mix
from neurothermo.engine import counter
from neurothermo.engine.normals import fill, normal_pair

LEAST = 1e-6
KEYS = Stream.of(SEED, RUN)
ORDERS = ("trials-in-step", "trial", "step", "draw", "strided")
WORDS = 1 << 16


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Two threads on matrices this small wait for each other."""
    with threadpool_limits(1, user_api="blas"):
        yield


def take(name, size=WORDS, part="all"):
    return next(blocks(name, part, size)).copy()


# -- the streams are the library's ------------------------------------------------------------------


def addresses(name, k):
    """(trial, step, draw) of the k-th word, as the module says it."""
    return {
        "trials-in-step": (k % 64, k // 960 + 1, k // 64 % 15),
        "trial": (k, 1, 0),
        "step": (0, k, 0),
        "draw": (0, 0, k),
        "strided": (k << 20, 1, 0),
    }[name]


@pytest.mark.parametrize("name", ORDERS)
def test_a_stream_holds_the_words_of_its_addresses(name):
    """Bit by bit those of `Address`, in the first block and in the next."""
    found = np.concatenate([block.copy() for block in islice(blocks(name, size=1920), 2)])
    for k in (*range(70), 959, 960, 1919, 1920, 3839):
        trial, step, draw = addresses(name, k)
        assert found[k] == KEYS.at(np.array([trial]), step).bits(1, first=draw)[0, 0]


def test_streams_of_seeds_and_runs_hold_the_first_word_of_each():
    for name, keys in (("seed", [(k, RUN) for k in range(40)]), ("run", [(SEED, str(k)) for k in range(40)])):
        assert list(take(name, 40)) == [Stream.of(*key).at(np.array([0]), 1).bits(1)[0, 0] for key in keys]


def test_halves_are_packed_in_order():
    words = take("draw", 1000)
    assert np.array_equal(take("draw", 1000, "high").view(np.uint32), (words >> np.uint64(32)).astype(np.uint32))
    assert np.array_equal(take("draw", 1000, "low").view(np.uint32), words.astype(np.uint32))


# -- near counters, near keys ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ORDERS)
def test_words_in_the_order_of_their_use_look_independent(name):
    """Bits, pairs of bits up to 4096 words apart, halves, weights, sites, spacings: 30 p-values an order."""
    found = checks.pvalues(take(name))
    assert len(found) == 30 and min(found.values()) > LEAST, min(found.items(), key=lambda item: item[1])


@pytest.mark.parametrize("name", ["seed", "run"])
def test_first_words_of_neighbouring_seeds_and_runs_look_independent(name):
    found = checks.pvalues(take(name, 1 << 14))
    assert len(found) == 29 and min(found.values()) > LEAST


@pytest.mark.parametrize("other", [Stream.of(SEED + 1, RUN), Stream.of(SEED, RUN + " "), Stream.of(-SEED, RUN)])
def test_two_runs_or_two_seeds_are_independent_at_every_address(other):
    trials = np.arange(256)
    ones, others = (stream.at(trials, 3).bits(64).ravel() for stream in (KEYS, other))
    assert checks.balance(checks.signs(ones ^ others).sum(axis=0), ones.size) > LEAST
    score = np.sum((np.bitwise_count(ones) - 32.0) * (np.bitwise_count(others) - 32.0)) / (16 * np.sqrt(ones.size))
    assert abs(score) < 5


FAILS = {
    "unmixed": ("bits of one word", "bits, lag 1", "weight, lag 8", "pairs, high bits", "spacings, low bits"),
    "half-mixed": ("bits, lag 1", "bits, lag 960", "weight, lag 16", "pairs, low bits"),
    "congruential": ("bits of one word", "halves by weight", "weight", "pairs, middle bits", "spacings, high bits"),
}


@pytest.mark.parametrize("name", FAILS)
def test_and_broken_generators_do_not(name):
    found = checks.pvalues(take(name))
    assert all(found[test] < LEAST for test in FAILS[name]), found


def test_and_sites_that_depend_on_uniform_numbers_do_not():
    words = take("draw")
    tied = (words & ~np.uint64(0xFF000000)) | (words >> np.uint64(63)) << np.uint64(31)
    assert checks.sites(words)["sites and uniforms"] > LEAST > checks.sites(tied)["sites and uniforms"]


def test_another_generator_passes_too():
    """Or the tests, and not the generators, would be what is wrong."""
    assert min(checks.pvalues(take("numpy-pcg64")).values()) > LEAST


# -- avalanche ---------------------------------------------------------------------------------------


def half_mix(words, key=np.uint64(0)):  # noqa: B008
    return ((words ^ (words >> np.uint64(30))) * FIRST) ^ key


def by_counter(mixer):
    """The word of a counter: its low half is the draw, its high half the step."""
    first, second = KEYS.keys(np.array([7]))
    return lambda count: mixer(first + count * GOLDEN, second)


def by_trial(mixer):
    """Draw 2 of step 5 of a trial."""

    def words(trial):
        shift = trial * GOLDEN
        keys = (
            mixer(np.uint64(KEYS.first) + shift),
            mixer(np.uint64(KEYS.second) ^ (shift + SECOND_KEY)),
        )
        return mix(keys[0] + np.array([(5 << 32) + 2], np.uint64) * GOLDEN, keys[1])

    return words


@pytest.mark.parametrize("words", [by_counter, by_trial])
def test_flipping_one_bit_of_draw_step_or_trial_flips_every_bit_half_of_the_time(words):
    """64 x 64 tables of 2048 flips each: all together, each input's 64, each output's 64."""
    table = checks.avalanche(words(mix), 64, 2048)
    assert checks.balance(table, 2048) > LEAST
    assert min(checks.balance(line, 2048) for line in (*table, *table.T)) > LEAST


def test_the_tables_are_of_the_numbers_that_address_gives():
    x = np.array([3, (5 << 32) + 2], np.uint64)
    assert by_counter(mix)(x)[0] == KEYS.at(np.array([7]), 0).bits(1, first=3)[0, 0]
    assert (
        by_counter(mix)(x)[1] == by_trial(mix)(np.array([7], np.uint64))[0] == KEYS.at(np.array([7]), 5).bits(3)[0, 2]
    )


@pytest.mark.parametrize("bit", [0, 1, 7, 31, 32, 62])
def test_flipping_one_bit_of_the_seed_does_too(bit):
    trials = np.arange(512)
    flipped = [
        Stream.of(seed, RUN).at(trials, 0).bits(1) ^ Stream.of(seed ^ (1 << bit), RUN).at(trials, 0).bits(1)
        for seed in range(8)
    ]
    words = np.concatenate(flipped)[:, 0]
    assert checks.balance(checks.signs(words).sum(axis=0), words.size) > LEAST


def test_and_half_a_mixer_does_not():
    table = checks.avalanche(by_counter(half_mix), 64, 2048)
    assert checks.balance(table, 2048) < LEAST
    assert abs(table[40, 3]) == 2048, "a high bit of the counter never reaches a low one"


# -- trials whose counters overlap --------------------------------------------------------------------


def overlapping(mixer, pairs=64, size=1024):
    """XOR of the words of two trials at the same counters, under second keys of their own; shape (pairs, size)."""
    first, second = KEYS.keys(np.arange(2 * pairs))
    ahead = first[::2, None] + np.arange(37, 37 + size, dtype=np.uint64) * GOLDEN  # as draws 37, 38, .. of one trial
    key = first[::2, None] + np.full(1, 37, np.uint64) * GOLDEN  # and as draws 0, 1, .. of the other
    beside = key + np.arange(size, dtype=np.uint64) * GOLDEN
    return mixer(ahead, second[::2, None]) ^ mixer(beside, second[1::2, None])


def test_the_second_key_decouples_trials_whose_counters_overlap():
    words = overlapping(mix)
    assert checks.balance(checks.signs(words.ravel()).sum(axis=0), words.size) > LEAST
    each = [checks.balance(checks.signs(row).sum(axis=0), row.size) for row in words]
    assert kstest(each, "uniform").pvalue > LEAST and min(each) > LEAST
    assert checks.weights(words.ravel())["weight"] > LEAST


@pytest.mark.parametrize(
    "mixer",
    [lambda words, key: mix(words), lambda words, key: mix(words) ^ key, lambda words, key: mix(words) + key],
    ids=["no second key", "added by bits at the end", "added at the end"],
)
def test_and_a_key_that_comes_too_late_does_not(mixer):
    words = overlapping(mixer)
    assert min(checks.balance(checks.signs(row).sum(axis=0), row.size) for row in words) < LEAST


def test_the_odds_of_an_overlap_are_those_counted():
    """With 2^8 keys for 2^64, 2^4 for 2^32 and every pair of keys: those whose counters meet."""
    steps, draws, keys = 3, 4, 1 << 8
    counters = np.array([16 * s + d for s, d in product(range(steps), range(draws))])
    meet = sum(bool(np.intersect1d((key + counters) % keys, counters).size) for key in range(keys))
    assert meet == (2 * steps - 1) * (2 * draws - 1)
    assert checks.expected_overlaps(2, steps, draws) == meet / 2.0**64
    assert checks.expected_overlaps(5000, 1000, 15) == pytest.approx(3.9e-8, rel=0.02)


def test_words_of_one_trial_never_repeat():
    """The mixer can be undone, so different counters have different words; half of a word repeats as it should."""
    words = take("step", 1 << 17)
    assert np.unique(words).size == words.size
    low = (words & np.uint64(0xFFFFFFFF)).astype(np.int64)
    assert low.size - np.unique(low).size == pytest.approx(2.0, abs=6), "2^34 / 2^33 repetitions on average"
    inverse = [np.uint64(pow(int(number), -1, 1 << 64)) for number in (FIRST, SECOND)]
    undone = _unshift(_unshift(words, 31) * inverse[1], 27)
    first, second = KEYS.keys(np.array([0]))
    undone = _unshift((undone ^ second) * inverse[0], 30)
    assert np.array_equal(undone, first + (np.arange(words.size, dtype=np.uint64) << np.uint64(32)) * GOLDEN)


def _unshift(words, shift):
    """x of x ^ (x >> shift)."""
    found = words
    for _ in range(64 // shift + 1):
        found = words ^ (found >> np.uint64(shift))
    return found


# -- uniform and normal numbers ----------------------------------------------------------------------


def test_uniform_numbers_of_addresses_are_never_0_or_1():
    at = KEYS.at(np.arange(4), 0)
    extremes = (np.array([0, 2**64 - 1], np.uint64) >> np.uint64(12)).astype(np.float64)
    assert list((extremes + 0.5) * 2.0**-52) == [2.0**-53, 1 - 2.0**-53]
    uniforms = at.uniforms(1 << 14).ravel()
    assert kstest(uniforms, "uniform").pvalue > LEAST
    assert np.array_equal(uniforms * 2.0**53 % 2, np.ones(uniforms.size)), "52 bits, and a half"


def test_uniform_numbers_of_kernels_are_31_bits_above_0_and_round_up_to_1_once_in_2_to_the_25():
    def uniform(height):
        return float(counter.uniform_of(np.uint64(height << 33)))

    assert uniform(0) == 2.0**-32 and uniform(1) == 3 * 2.0**-32
    assert uniform(2**31 - 65) == 1 - 2.0**-24
    assert {uniform(2**31 - k) for k in range(1, 65)} == {1.0}, "single precision has no number between"
    words = take("trials-in-step")
    assert kstest([counter.uniform_of(word) for word in words[:20_000]], "uniform").pvalue > LEAST


def test_sites_are_as_even_as_32_bits_can_be():
    """Of 2^32 low halves a site is hit by floor or ceil(2^32 / N): less than N / 2^32 from 1 / N, relatively."""
    size = 15
    edges = [-(-(site << 32) // size) for site in range(size + 1)]
    for site in range(size):
        assert (
            counter.site_of(np.uint64(edges[site]), size)
            == site
            == counter.site_of(np.uint64(edges[site + 1] - 1), size)
        )
    shares = np.diff(edges) / 2.0**32
    assert np.max(np.abs(shares * size - 1)) < size / 2.0**32


NORMALS = 1 << 17


def box_muller(same_bits):
    """Pairs from one word; `same_bits`: the angle from those of the radius, which is what must not be."""
    bits = take("trials-in-step", NORMALS)
    radius = np.sqrt(-2 * np.log(((bits >> np.uint64(33)).astype(float) + 0.5) * 2.0**-31))
    angle = (bits >> np.uint64(40) if same_bits else bits & np.uint64(0xFFFFFF)).astype(float) * (2 * np.pi / 2**24)
    return radius * np.cos(angle), radius * np.sin(angle)


def compiled():
    """Pairs of kernels: the two halves of each row of `fill`."""
    numbers = np.empty((NORMALS // 16, 32), np.float32)
    fill(numbers, np.uint64(KEYS.first), np.uint64(KEYS.second), 0, 1)
    return numbers[:, :16].ravel().astype(float), numbers[:, 16:].ravel().astype(float)


def scores(one, other):
    """Correlations of powers of the two numbers of a pair, in sigmas, with powers that have mean 0 and variance 1."""
    powers = {"z": lambda z: z, "z^2": lambda z: (z**2 - 1) / np.sqrt(2), "z^3": lambda z: (z**3 - 3 * z) / np.sqrt(6)}
    return {
        (a, b): float(np.sum(powers[a](one) * powers[b](other)) / np.sqrt(one.size)) for a in powers for b in powers
    }


@pytest.mark.parametrize("pairs", [compiled, lambda: box_muller(False)], ids=["kernels", "addresses"])
def test_normal_numbers_are_normal_and_the_two_of_a_pair_independent(pairs):
    one, other = pairs()
    for z in (one, other):
        assert kstest(z, "norm").pvalue > LEAST
        moments = np.mean(z), np.mean(z**2) - 1, np.mean(z**3), np.mean(z**4) - 3
        assert np.all(np.abs(moments) < 5 * np.sqrt(np.array([1, 2, 15, 96]) / z.size))
        for tail in (2.0, 3.0, 4.0):
            expected = 2 * norm.sf(tail) * z.size
            assert abs(np.sum(np.abs(z) > tail) - expected) < 5 * np.sqrt(expected)
    assert max(map(abs, scores(one, other).values())) < 5


def test_and_pairs_whose_angle_has_the_bits_of_the_radius_are_not():
    one, other = box_muller(True)
    assert kstest(one, "norm").pvalue < LEAST and max(map(abs, scores(one, other).values())) > 20


def test_no_normal_number_exceeds_6_66():
    longest = float(np.sqrt(64 * np.log(2)))
    assert float(normal_pair(np.uint64(0))[0]) == pytest.approx(longest, rel=1e-6) and 6.66 < longest < 6.661
    assert float(abs(normal_pair(np.uint64(2**64 - 1))[0])) == 0.0, "the radius of a uniform number that rounds to 1"
    assert 2 * norm.sf(longest) < 3e-11


# -- the battery and Philox --------------------------------------------------------------------------


def test_verdicts_are_by_the_thresholds_that_the_page_names():
    assert [battery.judged(p, 1) for p in (0.3, 0.005, 0.0049, 0.9951, 1e-6, 9e-7, 0.0, 1.0)] == [
        "passed", "passed", "weak", "weak", "weak", "failed", "failed", "weak",
    ]  # fmt: skip


@pytest.mark.parametrize("samples", [10, 20])
def test_corrected_p_values_are_uniform_and_dieharders_are_not(samples):
    """The distance that it takes, from uniform samples of another seed than the law that corrects it."""
    uniform = np.sort(np.random.default_rng(1).random((400, samples)), axis=1)
    raw = kstwo.sf(np.abs(uniform - np.arange(1, samples + 1) / (samples + 1)).max(axis=1), samples)
    right = [battery.corrected(p, samples) for p in raw]
    assert kstest(raw, "uniform").pvalue < LEAST < kstest(right, "uniform").pvalue
    assert battery.judged(0.9, samples) == "passed" and battery.judged(1e-7, samples) == "failed"


def statistic(*pvalues, samples=1, test="dab_dct"):
    return battery.Statistic(test, 0, samples, pvalues)


def test_weak_statistics_are_looked_at_again_and_the_last_look_counts():
    answers = iter([[0.5, 0.0001, 0.0], [0.001, 0.0001, 0.5], [0.5, 0.4, 0.5]])
    asked = []

    def lines(command):
        asked.append(command[command.index("-p") + 1])
        return [statistic(p, samples=20) for p in next(answers)]

    found = battery.looked(battery.Test(15, 20), lines, lambda line: None)
    assert asked == ["20", "40", "80"]
    assert [one.pvalues for one in found] == [(0.5,), (0.0001, 0.0001, 0.4), (0.0,)]
    assert [one.verdicts for one in found] == [("passed",), ("weak", "weak", "passed"), ("failed",)]
    whole = battery.Battery("draw", "high", tuple(found), 3 * 10**9, 1.0, 1)
    assert (whole.count("weak", first=True), whole.count("weak"), whole.count("failed")) == (1, 0, 1)
    assert "| draw | high 32 | 3 | 2 | 1 | 0 | 1 | < 1e-8 |" in battery.table([whole])


def test_what_dieharder_says_is_read_and_kept(tmp_path):
    text = (
        "  diehard_runs,   0,    100000,     100,0.88399172,  PASSED  \n   rgb_bitdist,  12, 1, 20,0.00400000, WEAK\n"
    )
    assert battery.parsed(text) == [
        battery.Statistic("diehard_runs", 0, 100, (0.88399172,)), battery.Statistic("rgb_bitdist", 12, 20, (0.004,)),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="nothing that can be read"):
        battery.parsed("Error: no such test")
    kept = battery.Battery("draw", "all", (statistic(0.3, 0.4),), 5, 1.0, 1)
    battery.save(kept, tmp_path / "draw.json")
    assert battery.load(tmp_path / "draw.json") == kept


def test_tests_that_dieharder_disowns_are_left_out():
    numbers = {test.number for test in battery.TESTS}
    assert not numbers & {5, 6, 7, 14} and len(numbers) == 27


def test_words_are_written_until_nobody_reads_them():
    command = [sys.executable, "-m", "benchmarks.randomness", "--write", "step"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as source:
        read = source.stdout.read(8 * BLOCK + 80)
        source.stdout.close()
        written = int(source.stderr.read())
    expected = b"".join(block.tobytes() for block in islice(blocks("step"), 2))
    assert read == expected[: len(read)] and len(read) <= written < len(read) + (1 << 22) and source.returncode == 0


def test_a_battery_that_is_not_installed_is_said_so(monkeypatch, capsys):
    monkeypatch.setattr(battery, "available", lambda: False)
    assert main(["--only", "draw"]) == 2 and "not installed" in capsys.readouterr().err


KNOWN = {  # Salmon et al.'s known answers: counter, key, words
    ((0,) * 4, (0, 0)): "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2): "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ((0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)):
        "d16cfe09 94fdcceb 5001e420 24126ea1",
}  # fmt: skip


@pytest.mark.parametrize("counters, key", KNOWN)
def test_philox_gives_its_known_answers(counters, key):
    words = philox.py_func(tuple(map(np.uint64, counters)), tuple(map(np.uint64, key)), 10)
    assert " ".join(f"{int(word):08x}" for word in words) == KNOWN[counters, key]


def test_the_cost_of_philox_is_told_in_words_and_in_updates():
    found = rows(rounds=1, turns=1, trials=64, steps=20)
    assert len(found) == 4 and all(row.ratio for row in found)
