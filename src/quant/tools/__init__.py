"""quant for programs: named functions with plain JSON in and out.

An orchestrator lists the tools, sees each one's arguments as a JSON schema, and calls one by name
with a dict. A caller's mistake is an answer, never an exception::

    {"ok": true, "result": …}        {"ok": false, "error": "…", "kind": "ConfigError"}
"""

from quant.tools.answers import Answer, answered
from quant.tools.backtests import backtest_list_systems_tool, backtest_run_tool
from quant.tools.limiter import TokenBucket
from quant.tools.registry import ToolRegistry
from quant.tools.standard import standard_tools
from quant.tools.tool import Argument, Tool

__all__ = [
    "Answer",
    "Argument",
    "TokenBucket",
    "Tool",
    "ToolRegistry",
    "answered",
    "backtest_list_systems_tool",
    "backtest_run_tool",
    "standard_tools",
]
