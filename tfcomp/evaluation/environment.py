"""The environment of a measurement or an export: Python, machine, versions of packages."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from pathlib import Path
from typing import Any, Dict

import tfcomp


def environment(*packages: str) -> Dict[str, Any]:
    """JSON-ready: python, system, processor, and the versions of tfcomp and of `packages`.

    Args:
      packages: names of distributions; one that is not installed is left out.
    """
    versions = {"tfcomp": tfcomp.__version__}
    for package in packages:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "packages": versions,
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or sys.platform
