"""The web page as people get it: npm installs it, a plain file server serves it, Chromium runs it.

Skipped, with the reason, where there is no npm, no Playwright, no Chromium, or no npm registry.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import http.server
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from tests import needs
from tests.conftest import ROOT

PAGE = ROOT / "examples" / "web"
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OFFLINE = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH")
# A gigabyte of memory in a 64 MB /dev/shm, and no name but the server's own can be resolved.
_CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
_READ_CANVAS = """
selector => {
  const canvas = document.querySelector(selector);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return [canvas.width, canvas.height, Array.from(data)];
}
"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def installed_page(tmp_path_factory) -> Path:
    """A copy of the page's folder after its install step, for the tests of this process alone."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip(needs.NODE)
    with open(Path(tempfile.gettempdir(), "tfcomp-tests-npm.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes
        installed = PAGE / "node_modules" / ".package-lock.json"
        locked = PAGE / "package-lock.json"
        if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
            _run([npm, "ci"], PAGE)
    project = tmp_path_factory.mktemp("page")
    page = project / "examples" / "web"
    shutil.copytree(PAGE, page, ignore=shutil.ignore_patterns("node_modules", "vendor*"))
    (page / "node_modules").symlink_to(PAGE / "node_modules")
    for folder in ("tfcomp", "more_models"):
        (project / folder).symlink_to(ROOT / folder)
    prepare(page)
    return page


def prepare(page: Path, *bundles: Path) -> None:
    """Gives the page the shipped bundles and further ones."""
    _run(["node", "prepare.mjs", *map(str, bundles)], page)


def _run(command: list[str], folder: Path) -> None:
    child = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=300
    )
    if child.returncode and any(code in child.stderr for code in _OFFLINE):
        pytest.skip(needs.NPM_REGISTRY)
    assert child.returncode == 0, child.stderr


@pytest.fixture(scope="session")
def address(installed_page):
    """Where the page is served, as by `python -m http.server`."""
    handler = functools.partial(_Quiet, directory=str(installed_page))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def find_chromium() -> str | None:
    """The installed Chromium or Chrome; None where Playwright's own must serve."""
    return next(filter(None, map(shutil.which, _CHROMIUMS)), None)


@pytest.fixture(scope="session")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason=needs.PLAYWRIGHT)
    path = find_chromium()
    with sync_api.sync_playwright() as playwright:
        if path is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip(needs.CHROMIUM)
        browser = playwright.chromium.launch(executable_path=path, args=_CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser, address):
    """The page, opened once for a module's tests; it may make no error that it doesn't show."""
    page = browser.new_page()
    page.set_default_timeout(180_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(address)
    wait(page)
    yield page
    page.close()
    assert not problems


@contextlib.contextmanager
def page_with(browser, address, installed_page, bundle):
    """The page with a further bundle, opened meanwhile."""
    prepare(installed_page, bundle)
    page = browser.new_page()
    page.set_default_timeout(180_000)
    page.goto(address)
    wait(page)
    yield page
    page.close()
    prepare(installed_page)


def wait(page) -> None:
    """Until the page has done what it was asked."""
    page.wait_for_selector("body:not(.busy) #controls:enabled")


def give(page, *files: tuple[str, bytes]) -> None:
    """Chooses (name, content) files in the page, and waits."""
    page.set_input_files(
        "#files",
        [{"name": name, "mimeType": "", "buffer": content} for name, content in files],
    )
    wait(page)


def decoded_pixels(page) -> np.ndarray:
    """What the page shows: uint8 [H, W, 3]."""
    width, height, data = page.evaluate(_READ_CANVAS, "#decoded canvas")
    return np.array(data, np.uint8).reshape(height, width, 4)[..., :3]


def facts(page) -> dict[str, str]:
    """The list beside the picture."""
    pairs = page.eval_on_selector_all(
        "#facts > div", "all => all.map(pair => [...pair.children].map(part => part.innerText))"
    )
    return dict(pairs)
