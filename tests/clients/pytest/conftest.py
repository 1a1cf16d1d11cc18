"""The fixtures as a user has them, from the file that users copy."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "deploy" / "pytest"))

from shotbook_mock import braket_mock, braket_server  # noqa: E402,F401
