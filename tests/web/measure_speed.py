"""How long the page takes to decode a picture: python -m tests.web.measure_speed PICTURE [RUNS]

Compresses the picture at quality 4 with every shipped model of any size, and has Chromium decode
it, with and without threads. Prints the page's own seconds beside the processor seconds that all of
Chromium took, which mean something on a busy machine too; and the same of tfcomp.decompress on one
thread.
"""

from __future__ import annotations

import functools
import http.server
import sys
import threading
import time
from pathlib import Path

import psutil
from playwright.sync_api import sync_playwright

import tfcomp
from tests.web.conftest import _CHROMIUM_FLAGS, PAGE, _Quiet, facts, find_chromium, give, wait

QUALITY = 4


class _Isolated(_Quiet):
    """With the two headers that let a page have threads."""

    def end_headers(self):
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()


def measure_page(name: str, files: dict[str, bytes], handler: type, runs: int) -> None:
    serve = functools.partial(handler, directory=str(PAGE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server, sync_playwright() as p:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = p.chromium.launch(executable_path=find_chromium(), args=_CHROMIUM_FLAGS)
        page = browser.new_page()
        page.set_default_timeout(300_000)
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        wait(page)
        for model, data in files.items():
            for run in range(runs):
                before = _processor_seconds()
                give(page, (f"{model}.tfcomp", data))
                spent = _processor_seconds() - before
                shown = facts(page)
                parts = shown["Entropy decoding, network"]
                print(
                    f"{name}, {model}, {len(data)} bytes, run {run + 1}: {shown['Decoded in']} "
                    f"(entropy, network: {parts}), processor {spent:.2f} s",
                    flush=True,
                )
        browser.close()
        server.shutdown()


def measure_python(files: dict[str, bytes], runs: int) -> None:
    for model, data in files.items():
        codec = tfcomp.load(model, num_threads=1)
        for run in range(runs):
            start, processor = time.perf_counter(), time.process_time()
            codec.decompress(data)
            print(
                f"Python, {model}, run {run + 1}: {time.perf_counter() - start:.2f} s, "
                f"processor {time.process_time() - processor:.2f} s",
                flush=True,
            )


def _processor_seconds() -> float:
    """Of all processes that this one started: the browser's."""
    total = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def main() -> None:
    picture = Path(sys.argv[1])
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    codecs = {name: tfcomp.load(name) for name in tfcomp.list_models()}
    files = {
        name: codec.compress(picture, quality=QUALITY)
        for name, codec in codecs.items()
        if codec.bundle.fixed_size is None
    }
    measure_python(files, runs)
    measure_page("page", files, _Quiet, runs)
    measure_page("page with threads", files, _Isolated, runs)


if __name__ == "__main__":
    main()
