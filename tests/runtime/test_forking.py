"""Processes that fork while another thread codes: pre-fork servers, data loaders' workers."""

import os
import subprocess
import sys

import pytest

from tests.child import python
from tests.shipped import folder_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

SECONDS = 30  # for a child, on a machine that has much else to do

# The process of the tests has TensorFlow in it, so another one forks.
START = """
import os, signal, sys, threading, time
import numpy as np
import tfcomp
from tests.bundle_factory import photo

threads, seconds = map(int, sys.argv[2:])
codec = tfcomp.load(sys.argv[1], threads)
picture = photo(96, 96)
data = codec.compress(picture, quality=1)
pixels = tfcomp.decompress(data)
end = threading.Event()

def code_on():
    while not end.is_set():
        assert codec.compress(picture, quality=1) == data
        assert np.array_equal(tfcomp.decompress(data), pixels)

def works():
    assert codec.compress(picture, quality=1) == data
    assert np.array_equal(codec.decompress(data), pixels)
    assert np.array_equal(tfcomp.decompress(data), pixels)
    assert tfcomp.load(sys.argv[1], threads).compress(picture, quality=1) == data

def child(work):
    "Forks; returns the number of the child, which does the work and ends."
    number = os.fork()
    if number:
        return number
    try:
        signal.alarm(seconds)
        work()
    except BaseException:
        import traceback
        traceback.print_exc()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)

def ended_well(*numbers):
    for number in numbers:
        assert os.waitpid(number, 0)[1] == 0, "a child hung or failed"

coders = [threading.Thread(target=code_on, daemon=True) for _ in range(2)]
for coder in coders:
    coder.start()
"""

END = """
end.set()
for coder in coders:
    coder.join()
works()
print("all well")
"""


def run(bundle, script, threads=2):
    environment = {**os.environ, "TFCOMP_BUNDLES": str(bundle.parent)}
    # That it forks while threads run is the point, and Python 3.12 warns of it.
    quiet = ["-W", "ignore:This process:DeprecationWarning"]
    program = ["-c", START + script + END]
    done = subprocess.run(
        [sys.executable, *quiet, *program, str(bundle), str(threads), str(SECONDS)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=5 * SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("all well\n")
    return done


def test_children_code_with_a_model_of_real_size_and_helper_threads():

    script = """
for _ in range(2):
    ended_well(child(works), child(works))
"""
    run(folder_of("cycle-small"), script)


@pytest.mark.parametrize("threads", [1, 2])
def test_children_code_though_their_parent_was_coding(bundle_folder, threads):
    script = """
for _ in range(10):
    time.sleep(0.01)
    ended_well(child(works), child(works))
"""
    run(bundle_folder, script, threads)


def test_a_child_of_a_child_codes_while_both_code(bundle_folder):
    script = """
def works_and_forks():
    works()
    coder = threading.Thread(target=code_on)
    coder.start()
    for _ in range(3):
        ended_well(child(works))
    end.set()
    coder.join()
    works()

ended_well(child(works_and_forks))
"""
    run(bundle_folder, script)


def test_workers_of_multiprocessing_get_a_codec_by_fork(bundle_folder):
    script = """
import multiprocessing

def job(number):
    assert np.array_equal(codec.decompress(data), pixels)
    return codec.compress(picture, quality=1)

with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map_async(job, range(8)).get(seconds) == [data] * 8
"""
    run(bundle_folder, script)


def test_a_child_that_ends_in_the_ordinary_way_ends(bundle_folder):
    """At its end Python frees what is left, networks that have lost their threads too."""
    script = """
number = os.fork()
if not number:
    signal.alarm(seconds)
    end.set()
    works()
    del codec
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) == 7
"""
    run(bundle_folder, script)


def test_a_child_that_is_forked_within_the_first_run_codes_and_keeps_its_standard_error(
    bundle_folder,
):
    script = """
def first_runs():
    fresh = tfcomp.load(sys.argv[1], threads)
    assert fresh.compress(picture, quality=1) == data

for _ in range(5):
    runs = [threading.Thread(target=first_runs) for _ in range(3)]
    for each in runs:
        each.start()
    ended_well(child(lambda: (works(), os.write(2, b"said by a child\\n"))))
    for each in runs:
        each.join()
"""
    done = run(bundle_folder, script)
    assert done.stderr == "said by a child\n" * 5


def test_a_fork_waits_for_runs_under_way_but_not_for_ever():
    script = """
import os, threading, time
from tfcomp import forking
forking._PATIENCE = 0.5
lock, taken = forking.Lock(), threading.Event()

def hold(seconds):
    with lock:
        taken.set()
        time.sleep(seconds)

for seconds in (0.2, 3):
    taken.clear()
    thread = threading.Thread(target=hold, args=(seconds,))
    thread.start()
    taken.wait()
    start = time.monotonic()
    number = os.fork()
    if not number:
        with lock:
            os._exit(0)
    print(round(time.monotonic() - start, 1))
    assert os.waitpid(number, 0)[1] == 0
    thread.join()
    with lock:
        pass
"""
    done = python(script, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    short, long = map(float, done.stdout.split())
    assert short < 0.5 <= long < 2


def test_a_thread_that_forks_within_a_lock_goes_on_in_both_processes():
    """As a signal's handler does that comes while its thread is in a run."""
    script = """
import os
from tfcomp import forking
lock = forking.Lock()
with lock:
    number = os.fork()
    with lock:
        pass
if not number:
    os._exit(0)
assert os.waitpid(number, 0)[1] == 0
with lock:
    print("well")
"""
    done = python(script, timeout=SECONDS)
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr


def test_what_is_not_used_any_more_is_not_kept():
    import gc

    from tfcomp import forking
    from tfcomp.networks.interpreter import Model

    gc.collect()
    before = len(forking._locks), len(forking._methods)
    for _ in range(100):
        Model(b"", 1, "nothing")
    gc.collect()
    assert (len(forking._locks), len(forking._methods)) == before
