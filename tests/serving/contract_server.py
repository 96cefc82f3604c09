"""The contract tests' servers as a program, for trying a client and for the load test.

    python -m tests.serving.contract_server exports/cycle --name cycle

Not for production: that is TensorFlow Serving's business. It listens on loopback only.
"""

from __future__ import annotations

import argparse
import os
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", help="the folder that holds 1/")
    parser.add_argument("--name", default="cycle", help="the model's name")
    parser.add_argument("--rest-port", type=int, default=8501, help="0 for any that is free")
    parser.add_argument("--grpc-port", type=int, default=8500)
    parser.add_argument("--seconds", type=float, default=3600, help="stop after so long")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

    from tests.serving.grpc_server import serve_grpc
    from tests.serving.rest_server import serve_rest
    from tests.serving.served_model import ServedModel

    model = ServedModel(options.export, options.name)
    with serve_rest(model, options.rest_port) as rest, serve_grpc(model, options.grpc_port) as grpc:
        print(f"http://127.0.0.1:{rest} grpc://127.0.0.1:{grpc}", flush=True)
        time.sleep(options.seconds)


if __name__ == "__main__":
    main()
