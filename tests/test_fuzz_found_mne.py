"""Files that MNE reads, on which it once hung or failed after it had read them."""

import gzip
import struct
import time

import pytest

from fuzz import seeds
from fuzz.sandbox import allowed
from neurothermo import InputError
from neurothermo.recordings import read

pytest.importorskip("mne")


def refused(words, path):
    """In one sentence, soon."""
    started = time.monotonic()
    with pytest.raises(InputError, match=words) as caught:
        read(path)
    assert allowed(caught.value) and time.monotonic() - started < 20  # MNE is imported


@pytest.mark.parametrize(("name", "opened"), [("a_raw.fif", open), ("a_raw.fif.gz", gzip.open)])
def test_tags_that_lead_round_in_a_circle(tmp_path, name, opened):
    """Without a directory, MNE follows the tags; the third leads back to the second."""
    whole, path = seeds.of_fif()[0], tmp_path / name
    with opened(path, "wb") as file:
        file.write(whole[:36] + struct.pack(">iIiii", 101, 3, 4, 0, -1) + struct.pack(">iIii", 108, 0, 0, 36))
    refused("in a circle", path)
    with opened(path, "wb") as file:
        file.write(whole)
    assert read(path).size == 2


def test_a_channel_of_no_kind(tmp_path):
    """MNE reads the file, and fails when it is asked for the channels' types."""
    whole, path = seeds.of_fif()[0], tmp_path / "a_raw.fif"
    first = struct.pack(">iii", 1, 1, 2)  # its number, again, and its kind
    assert whole.count(first) == 1
    path.write_bytes(whole.replace(first, struct.pack(">iii", 1, 1, -5)))
    refused("cannot be read by MNE", path)
