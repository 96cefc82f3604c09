"""Using a codec that TensorFlow Serving serves, over REST or gRPC.

    from tfcomp.serving import Client
    with Client("http://localhost:8501", model="cycle") as client:
        data = client.compress("photo.png", quality=4)

client.py has the calls. rest.py and grpc_predict.py speak the two protocols, retrying.py decides
which requests are repeated, batching.py cuts a batch into requests, and images.py makes files that
the server reads as the runtime would; served_pictures.py does it for models of any channels and
depth, whose files are arrays. REST needs no TensorFlow; gRPC's stubs do.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOME_OF = {
    "Client": "tfcomp.serving.client",
    "ItemError": "tfcomp.serving.errors",
    "ServingError": "tfcomp.serving.errors",
}

__all__ = ["Client", "ItemError", "ServingError"]

if TYPE_CHECKING:  # the same names, for editors and type checkers
    from tfcomp.serving.client import Client
    from tfcomp.serving.errors import ItemError, ServingError


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'tfcomp.serving' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOME_OF[name]), name)
