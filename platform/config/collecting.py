"""How often a process looks for memory that only cycles hold on to."""

import gc


def collect_seldom() -> None:
    """To be called once all is loaded: it lives as long as the process, so that no collection looks at it again, and
    forked processes go on sharing its pages. Requests and runs leave few cycles behind: looking for them less often
    costs little memory, and looking often took a third of the time of an export.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
