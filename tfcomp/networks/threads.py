"""Environment variables that hold numerical libraries to one thread, read when they are loaded."""

ONE_THREAD = {
    variable: "1" for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
}
