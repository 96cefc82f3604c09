from tests.binary_factory import binary_config, binary_model, binary_run  # noqa: F401
