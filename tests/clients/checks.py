"""Counts checks: every script here ends with one line `N passed, M failed`."""

import sys

_counts = {True: 0, False: 0}


def check(name, ok, detail=""):
    """Counts one check and shows the ones that fail."""
    ok = bool(ok)
    _counts[ok] += 1
    if not ok:
        print(f"FAILED {name}: {detail}", flush=True)


def near(name, got, want, within):
    """Checks a number."""
    check(name, abs(float(got) - want) <= within, f"{got} is not {want} within {within}")


def raises(name, words, call):
    """Checks that a call fails with words in its message."""
    try:
        call()
    except Exception as error:  # noqa: BLE001: any client's own kind of error
        text = f"{type(error).__name__}: {error}"
        check(name, all(word in text for word in words), text)
    else:
        check(name, False, "it was accepted")


def section(run):
    """Runs a function of checks; an exception there counts as one that failed, but no check noticed anything."""
    try:
        run()
    except Exception as error:  # noqa: BLE001: the other sections still count
        import traceback

        traceback.print_exc()
        _counts[False] += 1
        print(f"CRASHED {run.__name__}: {error!r}", flush=True)


def end():
    """Prints the count and ends the process."""
    print(f"{_counts[True]} passed, {_counts[False]} failed")
    sys.exit(1 if _counts[False] else 0)
