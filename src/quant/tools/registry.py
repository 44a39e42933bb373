"""Tools by name: what they take, and calling them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from quant.errors import ConfigError, nearest
from quant.tools.answers import Answer, answered, refused
from quant.tools.limiter import TokenBucket

__all__ = ["Argument", "Tool", "ToolRegistry"]

_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "object": (Mapping,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One argument of a tool.

    Attributes
    ----------
    name, description : str
    type : str
        ``string``, ``integer`` or ``object``, as JSON schema names them.
    is_required : bool
    default : object
        What is used without it; None also stands for "nothing said".
    minimum, maximum : int or None
        Bounds of an integer.
    """

    name: str
    description: str
    type: str = "string"
    is_required: bool = False
    default: Any = None
    minimum: int | None = None
    maximum: int | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """As a property of a JSON schema."""
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        found: dict[str, Any] = {"type": self.type, "description": self.description}
        found |= {name: value for name, value in bounds.items() if value is not None}
        return found if self.default is None else found | {"default": self.default}

    def check(self, tool: str, value: Any) -> Any:
        """The value, if it fits.

        Raises
        ------
        ConfigError
            If it is of another type or out of bounds.
        """
        where = f"{tool} {self.name}"
        fits = isinstance(value, _TYPES[self.type]) and not isinstance(value, bool)
        if isinstance(value, str):  # what no file name can hold
            fits = fits and "\0" not in value and value.isprintable()
        if not fits:
            raise ConfigError(f"{where}: expected {self.type}, found {value!r}; change it.")
        if self.minimum is not None and value < self.minimum:
            raise ConfigError(
                f"{where}: expected at least {self.minimum}, found {value}; raise it."
            )
        if self.maximum is not None and value > self.maximum:
            raise ConfigError(f"{where}: expected at most {self.maximum}, found {value}; lower it.")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that an orchestrator may call.

    Attributes
    ----------
    name : str
    kind : str
        What it is about: account, data, market_data, orders, fills, positions, trades,
        diagnostics, backtests.
    description : str
        One sentence.
    function : callable
        Called with every argument by name; gives what JSON can hold.
    arguments : tuple of Argument
    """

    name: str
    kind: str
    description: str
    function: Callable[..., Any]
    arguments: tuple[Argument, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """Its arguments as a JSON schema."""
        return {
            "type": "object",
            "properties": {one.name: one.schema for one in self.arguments},
            "required": [one.name for one in self.arguments if one.is_required],
            "additionalProperties": False,
        }

    def values(self, given: object) -> dict[str, Any]:
        """Every argument's value, defaults filled in.

        Raises
        ------
        ConfigError
            For an unknown argument (naming the nearest), a missing one or a wrong value.
        """
        if not isinstance(given, Mapping):
            raise ConfigError(
                f"{self.name}: expected arguments by name, found {given!r}; give a mapping."
            )
        known = {one.name: one for one in self.arguments}
        for name in given:
            if name not in known:
                raise ConfigError(
                    f"{self.name}: unknown argument {name!r}, expected one of "
                    f"{', '.join(known) or 'none'}; correct it.{nearest(str(name), known)}"
                )
        found = {}
        for name, one in known.items():
            if given.get(name) is not None:
                found[name] = one.check(self.name, given[name])
            elif one.is_required:
                raise ConfigError(f"{self.name}: expected {name}, found none; give it.")
            else:
                found[name] = one.default
        return found


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
        for tool in _standard() if tools is None else tools:
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
            if one.type not in _TYPES:
                raise ConfigError(
                    f"tool {tool.name!r} {one.name}: expected a type among {', '.join(_TYPES)}, "
                    f"found {one.type!r}; change it."
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


def _standard() -> tuple[Tool, ...]:
    from quant.tools.standard import standard_tools

    return standard_tools()
