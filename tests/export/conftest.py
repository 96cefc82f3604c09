from tests.binary_factory import binary_bundle, binary_config, binary_run  # noqa: F401
