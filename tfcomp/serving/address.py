"""Addresses of servers."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from tfcomp.errors import ConfigError

_DEFAULT_PORTS = {"http": 80, "https": 443, "grpc": 8500, "grpcs": 443}


@dataclass(frozen=True)
class Address:
    """Where a server is.

    Attributes:
      scheme: http, https, grpc or grpcs.
      path: what precedes /v1, mostly "".
    """

    scheme: str
    host: str
    port: int
    path: str = ""

    @classmethod
    def parse(cls, url: str) -> Address:
        """From a URL like http://localhost:8501.

        Raises:
          ConfigError: it is not such a URL.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ConfigError(f"the address {url!r} cannot be read: {error}") from None
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise ConfigError(
                f"the address {url!r} is none of a server: write http://HOST:8501 for REST, or "
                "grpc://HOST:8500 (https:// and grpcs:// with TLS)"
            )
        if parts.username is not None or parts.query or parts.fragment:
            raise ConfigError(f"the address {url!r} may hold a host, a port and a path only")
        path = parts.path.rstrip("/")
        if path and parts.scheme.startswith("grpc"):
            raise ConfigError(f"the address {url!r} has a path, which gRPC does not know")
        return cls(parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme], path)

    @property
    def speaks_grpc(self) -> bool:
        return self.scheme.startswith("grpc")

    @property
    def is_encrypted(self) -> bool:
        return self.scheme in ("https", "grpcs")

    @property
    def target(self) -> str:
        """HOST:PORT, an IPv6 host in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.target}{self.path}"
