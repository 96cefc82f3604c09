from tests.bundle_factory import (  # noqa: F401
    bundle_folder,
    children_find_the_package,
    installed,
)
