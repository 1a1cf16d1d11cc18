"""Runs the script of a hybrid job as its container would.

Standard library only. Why it failed stands in the file that SHOTBOOK_JOB_FAILURE names.
"""

import importlib
import inspect
import json
import os
import pathlib
import runpy
import shutil
import sys
import traceback


def fail(why):
    with open(os.environ["SHOTBOOK_JOB_FAILURE"], "a", encoding="utf-8") as file:
        file.write(why)


def unpack(packed, folder):
    kind = os.environ.get("AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE", "").strip().lower()
    if kind in ("gzip", "zip"):
        more = {"filter": "data"} if sys.version_info >= (3, 12) and not packed.endswith(".zip") else {}
        shutil.unpack_archive(packed, folder, **more)
    else:
        shutil.copy(packed, folder)
    sys.path.append(folder)


def entry(name):
    module, colon, function = name.partition(":")
    if colon:
        return getattr(importlib.import_module(module), function)
    return lambda: runpy.run_module(name.removesuffix(".py"), run_name="__main__")


def arguments(function):
    """The hyperparameters as arguments, when the function takes all of them."""
    file = os.environ.get("AMZN_BRAKET_HP_FILE")
    if file is None:
        return {}
    given = json.loads(pathlib.Path(file).read_text(encoding="utf-8"))
    try:
        inspect.signature(function).bind(**given)
    except (TypeError, ValueError):
        return {}
    kinds = inspect.getfullargspec(function).annotations
    return {name: kinds.get(name, str)(value) for name, value in given.items()}


def main():
    packed, folder = os.environ["SHOTBOOK_JOB_SOURCE"], os.environ["SHOTBOOK_JOB_CODE"]
    print("Beginning Setup")
    try:
        unpack(packed, folder)
    except Exception as error:
        fail(f"Got an exception while trying to unpack archive: {error}")
        traceback.print_exc()
        return 1
    print("Checking for Additional Requirements")
    for wanted in sorted(pathlib.Path(folder).rglob("requirements.txt")):
        print(f"{wanted.relative_to(folder)} is not installed by the stand-in")
    print("Additional Requirements Check Finished")
    os.chdir(folder)
    code = 0
    try:
        function = entry(os.environ["AMZN_BRAKET_SCRIPT_ENTRY_POINT"])
        print("Running Code As Process")
        function(**arguments(function))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:
        traceback.print_exc()
        text = str(error)
        fail(f"{type(error).__name__}: {text}" if text else type(error).__name__)
        code = 1
    print("Code Run Finished")
    return code


if __name__ == "__main__":
    sys.exit(main())
