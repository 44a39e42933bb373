"""One tool: its name, what it takes as a JSON schema, and the check of what it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from quant.errors import ConfigError, nearest

__all__ = ["ARGUMENT_TYPES", "Argument", "Tool"]

ARGUMENT_TYPES: Final[dict[str, tuple[type, ...]]] = {
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
        fits = isinstance(value, ARGUMENT_TYPES[self.type]) and not isinstance(value, bool)
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
