"""Configured systems: a YAML file says what to run, on what, when; nothing is left to the code.

A *system* is a strategy with its parameters, data with its options, settings of the account, and
named *windows*, the periods it is run on. Systems are found in a folder of the user's, then among
those that come with quant.
"""

from quant.systems.folder import Shelf, bundled_folder, find_system, find_window, read_systems
from quant.systems.run import RunRequest, run_system, smoke_window
from quant.systems.spec import System, Window

__all__ = [
    "RunRequest",
    "Shelf",
    "System",
    "Window",
    "bundled_folder",
    "find_system",
    "find_window",
    "read_systems",
    "run_system",
    "smoke_window",
]
