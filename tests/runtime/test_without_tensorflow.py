"""The running world needs no TensorFlow and is there at once."""

import tests.child

BLOCK_TENSORFLOW = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "keras", "tensorflow_compression", "tf_keras"):
            raise ImportError(f"{name} is blocked in this test")

sys.meta_path.insert(0, Block())
"""


def python(script: str, *arguments: str) -> str:
    child = tests.child.python(script, *arguments)
    assert child.returncode == 0, child.stderr
    assert child.stderr == ""
    return child.stdout


def test_the_whole_road_runs_with_tensorflow_blocked(bundle_folder, installed):
    script = BLOCK_TENSORFLOW + (
        "import tfcomp, tfcomp.runtime, numpy as np\n"
        "codec = tfcomp.load(sys.argv[1])\n"
        "image = np.zeros((10, 10, 3), np.uint8)\n"
        "data = codec.compress(image)\n"
        "assert tfcomp.decompress(data).shape == (10, 10, 3)\n"
        "tfcomp.register_pillow()\n"
        "import tfcomp.cli\n"
        "assert tfcomp.cli.main(['models']) == 0\n"
        "print('tensorflow' in sys.modules)\n"
    )
    assert python(script, str(bundle_folder)).splitlines()[-1] == "False"


def test_importing_tfcomp_loads_nothing_heavy():
    script = (
        "import sys, tfcomp; tfcomp.CodecError; tfcomp.__version__\n"
        "heavy = {'numpy', 'PIL', 'ai_edge_litert', 'tensorflow', 'tqdm'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert python(script) == "[]\n"


def test_importing_the_runtime_is_quick_and_leaves_litert_for_later():
    script = (
        "import time; start = time.process_time()\n"
        "import tfcomp.runtime.codec\n"
        "seconds = time.process_time() - start\n"
        "import sys\n"
        "print('ai_edge_litert' in sys.modules, seconds)"
    )
    loaded, seconds = min((python(script).split() for _ in range(3)), key=lambda r: float(r[1]))
    assert loaded == "False"
    assert float(seconds) < 2  # 0.15 s of a processor, whatever else is running


def test_every_public_name_is_there_and_no_other():
    import tfcomp

    for name in tfcomp.__all__:
        assert getattr(tfcomp, name) is not None
        assert name in dir(tfcomp)
    assert not hasattr(tfcomp, "no_such_name")


def test_litert_says_nothing_on_standard_error_and_other_words_pass(bundle_folder):
    script = (
        "import os, sys, numpy as np, tfcomp\n"
        "from tfcomp.networks import interpreter\n"
        "codec = tfcomp.load(sys.argv[1])\n"
        "model = codec.encoder._model\n"
        "make = model._make_runner\n"
        "def speaking(signature):\n"
        "    runner = make(signature)\n"
        "    def run(**inputs):\n"
        "        os.write(2, b'a word\\n')\n"
        "        return runner(**inputs)\n"
        "    return run\n"
        "model._make_runner = speaking\n"
        "codec.compress(np.zeros((8, 8, 3), np.uint8))\n"
        "os.write(2, b'the end\\n')\n"
    )
    child = tests.child.python(script, bundle_folder, check=True)
    assert child.stderr == "a word\nthe end\n"
