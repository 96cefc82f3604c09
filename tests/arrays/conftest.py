from tests.bundle_factory import children_find_the_package  # noqa: F401
