"""Tools by name, and calling them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from quant.errors import ConfigError, nearest
from quant.tools.answers import Answer, answered, refused
from quant.tools.limiter import TokenBucket
from quant.tools.standard import standard_tools
from quant.tools.tool import ARGUMENT_TYPES, Tool

__all__ = ["ToolRegistry"]


class ToolRegistry:
    """Tools by name, called at a bounded rate.

    Parameters
    ----------
    tools : iterable of Tool, optional
        By default those of `quant.tools.standard_tools`.
    limit : TokenBucket, optional
        By default 10 calls a second, 20 at once. All tools share it.

    Examples
    --------
    >>> registry = ToolRegistry()
    >>> registry.call("list_samples")["result"][0]["name"]
    'sp500'
    >>> registry.call("list_sampels")["ok"]
    False
    """

    def __init__(
        self, tools: Iterable[Tool] | None = None, limit: TokenBucket | None = None
    ) -> None:
        self._tools: dict[str, Tool] = {}
        self._limit = limit or TokenBucket()
        for tool in standard_tools() if tools is None else tools:
            self.add(tool)

    def add(self, tool: Tool) -> None:
        """Add a tool of your own.

        Raises
        ------
        ConfigError
            If its name is taken, or an argument's type is unknown.
        """
        if tool.name in self._tools:
            raise ConfigError(
                f"tool {tool.name!r}: expected a name of its own, found it taken; choose another."
            )
        for one in tool.arguments:
            if one.type not in ARGUMENT_TYPES:
                raise ConfigError(
                    f"tool {tool.name!r} {one.name}: expected a type among "
                    f"{', '.join(ARGUMENT_TYPES)}, found {one.type!r}; change it."
                )
        self._tools[tool.name] = tool

    def describe(self) -> list[dict[str, Any]]:
        """Name, kind, description and JSON schema of every tool, by kind and name."""
        tools = sorted(self._tools.values(), key=lambda tool: (tool.kind, tool.name))
        return [
            {
                "name": tool.name,
                "kind": tool.kind,
                "description": tool.description,
                "parameters": tool.schema,
            }
            for tool in tools
        ]

    def call(self, name: str, arguments: Mapping[str, Any] | None = None) -> Answer:
        """Call a tool by name.

        Returns
        -------
        dict
            ``{"ok": True, "result": …}``, or ``{"ok": False, "error": …, "kind": …}`` for a mistake
            of the caller; ``retry_after``, in seconds, is added when there were too many calls.

        Raises
        ------
        InvariantError
            For a bug in quant.
        """
        wait = self._limit.take()
        if wait > 0.0:
            text = (
                f"{name}: expected fewer calls, found more than the rate limit allows; call again "
                f"in {wait:.2f} s."
            )
            return refused(text, "RateLimit", retry_after=wait)
        return answered(lambda: self._answer(name, {} if arguments is None else arguments))

    def _answer(self, name: object, arguments: object) -> Any:
        """What the tool of that name gives for these arguments."""
        tool = self._tools.get(name) if isinstance(name, str) else None
        if tool is None:
            known = sorted(self._tools)
            raise ConfigError(
                f"tool {name!r}: expected one of {', '.join(known)}, found none of that name; "
                f"correct it.{nearest(str(name), known)}"
            )
        return tool.function(**tool.values(arguments))
