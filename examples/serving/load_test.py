r"""A load test of a served codec: requests a second and their times, at 1, 4 and 16 clients.

    python examples/serving/load_test.py photo.png --model mine \
        --url http://localhost:8501 --url grpc://localhost:8500

Each client sends one image at a time, the next as soon as the answer is there. No request begins
after --seconds. Try it on servers of your own only.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from tfcomp.errors import exit_code_of
from tfcomp.serving import Client


def measure(work: Callable[[], object], clients: int, seconds: float) -> list[float]:
    """Times in s of all calls of work() that `clients` threads make within so many seconds.

    A call under way at the end is waited for and counted, as its time would else be missing.
    """
    times: list[float] = []
    errors: list[BaseException] = []
    deadline = time.perf_counter() + seconds

    def one_client() -> None:
        try:
            while not errors and (start := time.perf_counter()) < deadline:
                work()
                times.append(time.perf_counter() - start)
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=one_client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return times


def run(options: argparse.Namespace) -> None:
    """Prints the table as it is measured."""
    print(f"{_cores()} cores")
    print("| signature | clients | protocol | requests | requests/s | p50 ms | p99 ms | load |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with contextlib.ExitStack() as stack:
        works: dict[tuple[str, str], Callable[[], object]] = {}
        for url in options.url or ["http://localhost:8501"]:
            client = stack.enter_context(Client(url, options.model, timeout=options.timeout))
            data = client.compress(options.image, options.quality)
            client.decompress(data)  # the first of each takes longer
            protocol = "gRPC" if url.startswith("grpc") else "REST"
            works["compress", protocol] = partial(client.compress, options.image, options.quality)
            works["decompress", protocol] = partial(client.decompress, data)
        # Protocols side by side, so that whatever else the machine does troubles both alike.
        for signature, clients, (key, work) in itertools.product(
            ("compress", "decompress"), options.clients, works.items()
        ):
            if key[0] == signature:
                print(_line(signature, key[1], clients, work, options.seconds), flush=True)


def _line(
    signature: str, protocol: str, clients: int, work: Callable[[], object], seconds: float
) -> str:
    start = time.perf_counter()
    times = measure(work, clients, seconds)
    rate = len(times) / (time.perf_counter() - start)
    p50, p99 = np.percentile(times, [50, 99]) * 1000
    return (
        f"| {signature} | {clients} | {protocol} | {len(times)} | {rate:.2f} | {p50:.0f} | "
        f"{p99:.0f} | {_load()} |"
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _load() -> str:
    """Processes that ran or waited to run in the last minute; figures above the cores are slow."""
    return f"{os.getloadavg()[0]:.0f}" if hasattr(os, "getloadavg") else "?"


def main() -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", help="an image file, sent again and again")
    parser.add_argument("--url", action="append", help="http://HOST:8501, grpc://HOST:8500; both")
    parser.add_argument("--model", default="cycle", help="the name that it is served under")
    parser.add_argument("--quality", type=int)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--seconds", type=float, default=10, help="for each line of the table")
    parser.add_argument("--timeout", type=float, default=60, help="for each request")
    return exit_code_of("load_test.py", lambda: run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
