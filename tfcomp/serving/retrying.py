"""Which requests are repeated, and when."""

from __future__ import annotations

import logging

import tenacity

from tfcomp.serving.errors import BusyServingError

_log = logging.getLogger("tfcomp")
_FIRST_WAIT = 0.2  # s, at most; doubled each time
_LONGEST_WAIT = 10.0  # s


def retrying(retries: int) -> tenacity.Retrying:
    """Calls a function again, up to `retries` times, where it raises BusyServingError.

    Between tries it waits for a random time from a range that doubles, so that a restarted server's
    clients do not all return at once. A time-out is not tried again: the server may still be at
    work on the request.
    """
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(BusyServingError),
        stop=tenacity.stop_after_attempt(retries + 1),
        wait=tenacity.wait_random_exponential(multiplier=_FIRST_WAIT, max=_LONGEST_WAIT),
        before_sleep=tenacity.before_sleep_log(_log, logging.INFO),
        reraise=True,
    )
