"""A codec on a server, used like one on this machine.

    with Client("http://localhost:8501", model="cycle") as client:      # or grpc://localhost:8500
        data = client.compress("photo.png", quality=4)                  # bytes of a .tfcomp file
        image = client.decompress(data)                                 # uint8 [H, W, 3]
        for path, result in zip(paths, client.compress_batch(paths, progress=True)):
            ...                                                         # bytes, or an ItemError
"""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, Union

import numpy as np
from tqdm import tqdm

from tfcomp.bitstream.container import MAX_PIXELS
from tfcomp.errors import CodecError, ConfigError
from tfcomp.runtime.compressed_input import read_compressed
from tfcomp.serving.address import Address
from tfcomp.serving.batching import Item, chunks, in_order
from tfcomp.serving.errors import ItemError, ServingError, UntoldError
from tfcomp.serving.images import claimed_size
from tfcomp.serving.served_pictures import OUTPUT, SIGNATURE, ServedPictures, of_output
from tfcomp.serving.transport import Endpoint, Inputs, Transport

ITEMS_A_REQUEST = 8
BYTES_A_REQUEST = 8 * 2**20
ANSWER_BYTES = 256 * 2**20
_HIGHEST_LIMIT = 2**31 - 1  # what gRPC can express
_LONGEST_REASON = 1000  # bytes of a server's message about one item
_SERVERS_DEFAULT_QUALITY = 0
_MAX_QUALITY = 255  # a byte in the file
_PLACE_IN_REQUEST = re.compile(r"^item \d+: ")

Result = TypeVar("Result")


@dataclass(frozen=True)
class _Signature(Generic[Result]):
    """A signature of the SavedModel, and how to call it.

    Attributes:
      name: of the SavedModel's signature.
      input: of its tensors of files.
      output: likewise.
      read: anything a caller gives -> the file to send.
      finish: (the file that comes back, the file sent, the most pixels) -> result.
      answer_bytes: the file sent -> the most bytes of its answer, so that a request's answers fit
        into the limit.
    """

    name: str
    input: str
    output: str
    read: Callable[[Any], bytes]
    finish: Callable[[bytes, bytes, int], Result]
    answer_bytes: Callable[[bytes], int]

    def result(
        self, item: Item, file: bytes, error: bytes, max_pixels: int
    ) -> Union[Result, ItemError]:
        """The result of an item's two outputs: the file, or the error if it is not empty."""
        if error:
            # The server counts within the request.
            said = error[:_LONGEST_REASON].decode("utf-8", "replace")
            reason = " ".join(_PLACE_IN_REQUEST.sub("", said).split())
            return ItemError(item.index, item.name, reason)
        try:
            return self.finish(file, item.content, max_pixels)
        except CodecError as problem:
            return ItemError(item.index, item.name, f"the server's answer is damaged: {problem}")


def _compressing(pictures: ServedPictures) -> _Signature[bytes]:
    return _Signature(
        *("compress", "image_bytes", "compressed_bytes"),
        pictures.file,
        lambda file, _sent, _pixels: file,
        len,
    )


def _decompressing(pictures: ServedPictures) -> _Signature[np.ndarray]:
    def answer_bytes(content: bytes) -> int:
        width, height = claimed_size(content) or (0, 0)
        return int(pictures.answer_bytes_a_pixel * width * height)

    return _Signature(
        *("decompress", "compressed_bytes", "image_bytes"),
        read_compressed,
        pictures.pixels,
        answer_bytes,
    )


class Client:
    """Compresses and decompresses with a model that TensorFlow Serving serves.

    Threads may share it; so may forked processes, over gRPC as far as its library allows.

    Args:
      url: http://HOST:8501 for REST, grpc://HOST:8500 for gRPC; https:// and grpcs:// with TLS.
      model: the name that the server serves it under.
      version: of the model; the newest if None.
      timeout: seconds that the server may take to answer one request, from its first byte sent to
        the last of the answer.
      retries: how often a request is repeated, with growing pauses, if no server or a busy one was
        found. A request that a server refuses or does not answer in time is not repeated.
      requests_at_once: how many requests of a batch are under way at the same time.
      max_answer_bytes: a longer answer to one request, packed or unpacked, is an error.
      max_pixels: a larger decoded picture is an error of its item; so is one of another size than
        the sent file's.

    Raises:
      ConfigError: `url` is not a server's address.
      CodecError: a package for the protocol is missing. Nothing is sent before the first image.
    """

    def __init__(
        self,
        url: str = "http://localhost:8501",
        model: str = "cycle",
        *,
        version: int | None = None,
        timeout: float = 60.0,
        retries: int = 3,
        requests_at_once: int = 2,
        max_answer_bytes: int = ANSWER_BYTES,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        if not timeout > 0 or retries < 0 or requests_at_once < 1:
            raise ConfigError("timeout and requests_at_once are positive, and retries is 0 or more")
        if not 1 <= max_answer_bytes <= _HIGHEST_LIMIT or not 1 <= max_pixels <= MAX_PIXELS:
            raise ConfigError(
                f"max_answer_bytes is 1 to {_HIGHEST_LIMIT} and max_pixels is 1 to {MAX_PIXELS}"
            )
        self._max_answer_bytes = max_answer_bytes
        self._max_pixels = max_pixels
        self._model = model
        self._address = Address.parse(url)
        self._requests_at_once = requests_at_once
        self._known: ServedPictures | None = None
        try:
            from tfcomp.serving.retrying import retrying

            self._retrying = retrying(retries)
            self._transport = _connect(
                Endpoint(self._address, model, version, timeout, max_answer_bytes)
            )
        except ModuleNotFoundError as error:
            raise CodecError(_explain(error, self._address)) from None

    def compress(self, image: Any, quality: int | None = None) -> bytes:
        """Compresses one image, as `tfcomp.runtime.Codec.compress` does.

        Args:
          image: a path, the bytes of an image file, a PIL image, or an array. For a model of other
            pictures than 8-bit RGB and grey an array of its own samples, a PIL image, or a TIFF,
            PNG or .npy file of one such picture (docs/channels.md).
          quality: 1 (smallest file) to the model's number of qualities; the model's default if
            None.

        Returns:
          the bytes of a `.tfcomp` file.

        Raises:
          ItemError: an image or a quality that the server cannot take.
          ServingError: it gives no answer.
        """
        quality = _checked_quality(quality)
        return self._one(_compressing(self._pictures()), image, quality)

    def decompress(self, data: bytes | str | os.PathLike) -> np.ndarray:
        """Decompresses a `.tfcomp` file, given by its bytes or its path.

        Returns:
          the image, uint8 [H, W, 3], RGB; of a grey model [H, W]; of a model of other pictures its
          samples [H, W, channels], of one channel [H, W].

        Raises:
          ItemError: a file that is damaged or was written by another model.
          ServingError: the server gives no answer.
        """
        return self._one(_decompressing(self._pictures()), data)

    def compress_batch(
        self,
        images: Iterable[Any],
        quality: int | None = None,
        *,
        progress: bool = False,
        items_a_request: int = ITEMS_A_REQUEST,
        bytes_a_request: int = BYTES_A_REQUEST,
    ) -> Iterator[Union[bytes, ItemError]]:
        """Compresses many images; each of `images` and `quality` are as for `compress`.

        Args:
          images: read one by one as the work goes on; they need not fit into memory.
          quality: one for all, or one each.
          progress: whether to show a progress bar on standard error.
          items_a_request: most that one request holds; a single image that is larger goes alone.
          bytes_a_request: likewise.

        Returns:
          an iterator over the results, in the order of the images, which does the work as it goes.
          An image that cannot be compressed gives an ItemError in its place, which is not raised. A
          request without an answer ends the batch: it raises ServingError after the results before
          it.
        """
        limits = (items_a_request, bytes_a_request)
        return self._batch(_compressing, images, limits, progress, _checked_quality(quality))

    def decompress_batch(
        self,
        files: Iterable[Any],
        *,
        progress: bool = False,
        items_a_request: int = ITEMS_A_REQUEST,
        bytes_a_request: int = BYTES_A_REQUEST,
    ) -> Iterator[Union[np.ndarray, ItemError]]:
        """Decompresses many files; as `compress_batch`, with arrays as of `decompress`."""
        limits = (items_a_request, bytes_a_request)
        return self._batch(_decompressing, files, limits, progress)

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _one(
        self, signature: _Signature[Result], source: Any, quality: int | None = None
    ) -> Result:
        item = Item.prepare(None, source, signature.read)
        (result,) = self._answer(signature, [item], quality)
        if isinstance(result, ItemError):
            raise result
        return result

    def _batch(
        self,
        signature_of: Callable[[ServedPictures], _Signature[Result]],
        sources: Iterable[Any],
        limits: tuple[int, int],
        progress: bool,
        quality: int | None = None,
    ) -> Iterator[Union[Result, ItemError]]:
        if isinstance(sources, (str, bytes, bytearray, os.PathLike)):
            raise ConfigError("a batch is a list of items; for a single one there is a method")
        if min(limits) < 1:
            raise ConfigError("items_a_request and bytes_a_request are 1 or more")

        def results() -> Iterator[Union[Result, ItemError]]:
            signature = signature_of(self._pictures())
            items = (
                Item.prepare(index, source, signature.read) for index, source in enumerate(sources)
            )
            answers = in_order(
                lambda chunk: self._answer(signature, chunk, quality),
                chunks(items, *limits, signature.answer_bytes, self._max_answer_bytes),
                self._requests_at_once,
            )
            total = operator.length_hint(sources) or None
            with tqdm(total=total, unit="image", disable=not progress) as bar:
                for answer in answers:
                    for result in answer:
                        bar.update()
                        yield result

        return results()

    def _pictures(self) -> ServedPictures:
        """What the model's pictures are: asked once, before the first of them is sent."""
        if self._known is None:
            ask = self._transport.output_kind
            try:
                self._known = of_output(self._retrying(ask, SIGNATURE, OUTPUT))
            except UntoldError:  # an unknown model, say: what is asked of it next will tell
                return ServedPictures()
        return self._known

    def _answer(
        self, signature: _Signature[Result], items: list[Item], quality: int | None
    ) -> list[Union[Result, ItemError]]:
        """The results of one request; items that already have an error keep it."""
        sent = [item for item in items if item.error is None]
        answers: list[Union[Result, ItemError]] = []
        if sent:
            answers = self._send(signature, sent, quality)
        following = iter(answers)
        return [item.error or next(following) for item in items]

    def _send(
        self, signature: _Signature[Result], items: list[Item], quality: int | None
    ) -> list[Union[Result, ItemError]]:
        inputs: dict[str, Any] = {signature.input: [item.content for item in items]}
        if quality is not None:
            inputs["quality"] = [quality] * len(items)
        files, errors = self._predict(signature, inputs)
        return [
            signature.result(item, file, error, self._max_pixels)
            for item, file, error in zip(items, files, errors)
        ]

    def _predict(self, signature: _Signature, inputs: Inputs) -> tuple[list[bytes], list[bytes]]:
        outputs = self._retrying(self._transport.predict, signature.name, inputs)
        files, errors = outputs.get(signature.output, []), outputs.get("error", [])
        if not len(files) == len(errors) == len(inputs[signature.input]):
            raise ServingError(
                f"model '{self._model}' at {self._address} does not give '{signature.output}' and "
                "'error' for each item; serve what export.py --saved-model wrote"
            )
        return files, errors


def _connect(endpoint: Endpoint) -> Transport:
    if endpoint.address.speaks_grpc:
        from tfcomp.serving.grpc_predict import GrpcTransport

        return GrpcTransport(endpoint)
    from tfcomp.serving.rest import RestTransport

    return RestTransport(endpoint)


def _explain(error: ModuleNotFoundError, address: Address) -> str:
    """One line about a package that is not installed; a module of tfcomp's own is raised."""
    package = (error.name or "").split(".")[0]
    if package in ("", "tfcomp"):
        raise error
    if package in ("tenacity", "urllib3"):
        return f"{package} is not installed; run: pip install 'tfcomp[serving]'"
    return (
        f"{package} is not installed, which gRPC needs; run: pip install 'tfcomp[serving-grpc]', "
        f"or speak REST, which needs no TensorFlow: http://{address.host}:8501"
    )


def _checked_quality(quality: int | None) -> int:
    if quality is None:
        return _SERVERS_DEFAULT_QUALITY
    try:
        quality = operator.index(quality)
    except TypeError:
        raise ConfigError(f"quality is a whole number, not {quality!r}") from None
    if not 1 <= quality <= _MAX_QUALITY:
        raise ConfigError(f"quality is 1 to the model's number of qualities, not {quality}")
    return quality
