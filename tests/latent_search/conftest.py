from tests.bundle_factory import bundle_folder, children_find_the_package  # noqa: F401
