"""Packaging: the running world by default, the training world as an extra."""

import re
from pathlib import Path

from setuptools import Extension, find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(
    r'__version__ = "([^"]+)"', (ROOT / "tfcomp" / "__init__.py").read_text(encoding="utf-8")
).group(1)

# Which TensorFlow trains follows the Python: 2.14 with TensorFlow Compression, the referee, where
# that has wheels, from there on 2.21 with Keras 3. Where neither has any the extra must say so, not
# fail with a resolver's riddle: the markers keep the names out, and tfcomp.training tells the user
# which Python to take.
OLD_STACK_PYTHON = 'python_version >= "3.9" and python_version < "3.12"'
NEW_STACK_PYTHON = 'python_version >= "3.12" and python_version < "3.14"'
EITHER_PYTHON = 'python_version >= "3.9" and python_version < "3.14"'

# Floors are versions whose known holes are closed (November 2026, from the projects' changelogs),
# each the newest that a Python has where that is an older one.
RUNNING = [
    "numpy>=1.23",
    # 12.3: CVE-2026-59197 to -59200 and -55798, memory errors and bombs in readers of images;
    # 12.2: CVE-2026-40192 (a FITS bomb), -42309; 12.1.1: CVE-2026-25990 (PSD writes out of bounds).
    # Not 13: Beam, which may share the environment, asks for less.
    'Pillow>=12.3; python_version >= "3.10"',
    # The last for 3.9: CVE-2025-48379 (DDS) is closed, the above are not. It too has AVIF.
    'Pillow>=11.3; python_version < "3.10"',
    "tqdm>=4.66.3",  # CVE-2024-34062, code in an argument of its command
    "platformdirs>=3.0",
    # 1.1 and 1.2 cannot run the entropy networks: their XNNPACK fails to reshape.
    "ai-edge-litert>=1.0.1,!=1.1.*,!=1.2.*",
]
OLD_STACK = [
    "tensorflow-compression==2.14.1",
    "tensorflow-metadata<1.18",
    "numpy>=1.26,<1.27",
]
NEW_STACK = [
    "keras>=3.12,<4",
    "tensorboard>=2.20",  # no requirement of TensorFlow any more
]
TRAINING = [
    "tensorflow-datasets>=4.9,<4.10",
    "scikit-image>=0.22",
    "PyYAML>=6.0",
    "dacite>=1.8",
    "bjontegaard>=1.3",
    # TFDS 4.9 imports it when it prepares a data set, and does not declare it.
    "importlib_resources>=5",
]
BENCHMARK = [
    "bjontegaard>=1.3",  # brings matplotlib and SciPy
    "matplotlib>=3.5",
    "jinja2>=3.1.6",  # CVE-2025-27516 and -2024-56326, ways out of the sandbox
    'pillow-jxl-plugin>=1.2; python_version >= "3.10"',
    'pillow-jxl-plugin>=1.2,<1.3.5; python_version < "3.10"',  # the last with wheels for 3.9
    "scikit-image>=0.22",  # post-filters
]
SERVING = [
    # 2.8: TLS of proxies, chunk sizes without bound (GHSA-vxq7-64xx-v4gw), endless deflate;
    # 2.7: CVE-2026-44431 (headers kept across hosts), -44432 (bombs in streams).
    'urllib3>=2.8; python_version >= "3.10"',
    # The last for 3.9: CVE-2026-21441, CVE-2025-66418 and -66471, bombs, are closed.
    'urllib3>=2.6.3; python_version < "3.10"',
    "tenacity>=8.2",
]

# Pictures of other channels and depths: docs/channels.md.
ARRAYS = [
    "tifffile>=2023.7",
    "imagecodecs>=2023.3",  # colours of 16 bits in PNG, compressed TIFF
    "zarr>=2.16",
]


def where(python, *requirements):
    return [f"{requirement}; {python}" for requirement in requirements]


def for_training(old, new):
    return [*where(OLD_STACK_PYTHON, old), *where(NEW_STACK_PYTHON, new)]


TRAIN = [
    *for_training("tensorflow==2.14.1", "tensorflow>=2.21,<2.22"),
    *where(OLD_STACK_PYTHON, *OLD_STACK),
    *where(NEW_STACK_PYTHON, *NEW_STACK),
    *where(EITHER_PYTHON, *TRAINING),
]
# The new one on the Pythons that have both.
TRAIN_NEW = where(
    'python_version >= "3.10" and python_version < "3.14"',
    *["tensorflow>=2.21,<2.22", *NEW_STACK, *TRAINING],
)
SERVING_GRPC = [
    *SERVING,
    *for_training("tensorflow-serving-api==2.14.1", "tensorflow-serving-api>=2.21,<2.22"),
]
# Beam's own bound on Pillow holds in an environment that has both.
BEAM = [
    'apache-beam>=2.77,<3; python_version >= "3.10"',
    "pyarrow>=14.0.1,<26",  # CVE-2023-47248, code in Parquet files; below 26: Beam's own bound
]
# Zarr 3 has no versions for Python 3.9 and 3.10, whose numcodecs serves Zarr's format 2.
ZARR = [
    "numcodecs>=0.12",
    'zarr>=3.1; python_version >= "3.11"',
]


setup(
    name="tfcomp",
    version=VERSION,
    description="Learned image compression you can train, ship and decode anywhere",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.9",
    packages=find_packages(include=["tfcomp", "tfcomp.*"]),
    package_data={
        "tfcomp": ["py.typed", "bundles/*/*"],
        "tfcomp.bitstream": ["*.c", "*.h"],
        "tfcomp.evaluation": ["*.json", "report_page/*", "post_filters/*"],
    },
    ext_modules=[
        Extension(
            "tfcomp.bitstream._range_coder",
            ["tfcomp/bitstream/_range_coder.c"],
            depends=["tfcomp/bitstream/_range_coder_core.h"],
            # Without a compiler the pure-Python coder writes the same bytes.
            optional=True,
        )
    ],
    install_requires=RUNNING,
    extras_require={
        "train": TRAIN,
        "train-new": TRAIN_NEW,
        "benchmark": BENCHMARK,
        "serving": SERVING,
        "serving-grpc": SERVING_GRPC,
        "beam": BEAM,
        "arrays": ARRAYS,
        "zarr": ZARR,
        "gpu": for_training(
            "tensorflow[and-cuda]==2.14.1", "tensorflow[and-cuda]>=2.21,<2.22"
        ),
        "test": [
            *["pytest>=8", "pytest-xdist>=3.5", "hypothesis>=6.100", "playwright>=1.40"],
            'import-linter>=2.6; python_version >= "3.10"',  # contracts against circles
            *["build>=1", "mypy", "pillow-heif>=0.18"],
            *BENCHMARK,
            *SERVING_GRPC,
            *BEAM,
            *ARRAYS,
            *ZARR,
            *where('python_version >= "3.11"', "xarray>=2024.10", "dask>=2024.10"),
        ],
        # It has wheels for Linux; Python 3.11 and newer take 3.x.
        "fuzz": ['atheris>=2.3; sys_platform == "linux"'],
        "lint": ["ruff", "mypy", "types-PyYAML", "types-tqdm"],
        # Material for MkDocs 9 is maintained until May 2027; Ruff formats the signatures.
        "docs": ["mkdocs-material>=9.5,<10", "mkdocstrings[python]>=0.26", "ruff"],
    },
    entry_points={
        "console_scripts": ["tfcomp=tfcomp.cli:main"],
        "numcodecs.codecs": ["tfcomp=tfcomp.arrays.numcodecs_codec:NumcodecsCodec"],
        "zarr.codecs": ["tfcomp=tfcomp.arrays.zarr_codec:ZarrCodec"],
    },
    classifiers=[
        "License :: OSI Approved :: MIT License",
        "Programming Language :: Python :: 3",
        "Programming Language :: C",
        "Topic :: Multimedia :: Graphics :: Graphics Conversion",
    ],
)
