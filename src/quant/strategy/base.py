"""The class users write.

A strategy says what to do when something becomes known. Only the hooks it defines are called. All
data of a timestamp are applied before any hook runs, in the order: ``on_fill``, ``on_order``,
session hooks, then ``on_event`` or the typed hook that replaces it for its kind (``on_bar`` in
order of symbols, ``on_clock``), then ``on_slice``.
"""

from __future__ import annotations

import difflib
import inspect
from datetime import date
from typing import TYPE_CHECKING, Any

from quant.errors import StrategyError, nearest

if TYPE_CHECKING:
    from quant.model.events import Clock, Fill, OrderUpdate
    from quant.strategy.context import Context
    from quant.strategy.market import Bar, Slice

__all__ = ["Strategy", "check_hooks", "hooks_of", "parameters_of"]

HOOKS = (
    "on_event",
    "on_bar",
    "on_slice",
    "on_clock",
    "on_fill",
    "on_order",
    "on_session_open",
    "on_session_close",
)


class Strategy:
    """Base of all strategies.

    Parameters come from ``__init__``'s signature. A class without an ``__init__`` takes its
    annotated class attributes as parameters.

    Attributes
    ----------
    warmup : int
        Bars of an instrument before which no order in it leaves. Declared indicators add their own.
    state : dict
        What a resumed run needs to go on, as JSON types. Anything else a strategy keeps is lost
        when a run is split.

    Examples
    --------
    >>> class Hold(Strategy):
    ...     symbol: str = "SPY"
    ...     def on_bar(self, bar, ctx):
    ...         ctx.order_target(self.symbol, weight=1.0)
    >>> Hold(symbol="QQQ").symbol
    'QQQ'
    """

    warmup: int = 0
    state: dict[str, Any]
    _given: dict[str, Any]

    def __new__(cls, *args: object, **kwargs: object) -> Strategy:
        self = super().__new__(cls)
        self.state = {}
        self._given = _bound(cls, args, kwargs)
        return self

    def __init__(self, **params: Any) -> None:
        known = parameters_of(type(self))
        for name, value in params.items():
            if name not in known:
                raise StrategyError(
                    f"{type(self).__name__}: unknown parameter {name!r}, expected one of "
                    f"{', '.join(known) or 'none'}; correct or remove it.{nearest(name, known)}"
                )
            setattr(self, name, value)
        lacking = [name for name, p in known.items() if p.default is p.empty and name not in params]
        if lacking:
            raise StrategyError(
                f"{type(self).__name__}: expected a value for {', '.join(lacking)}, found none; "
                f"give {lacking[0]}=…"
            )

    def on_start(self, ctx: Context) -> None:
        """Once, before the first timestamp: declare indicators and timers here."""

    def on_event(self, evt: Any, ctx: Context) -> None:
        """Any event whose kind has no hook of its own: `Bar`, `Clock`, `Fill`, `OrderUpdate`."""

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """A bar has ended."""

    def on_slice(self, market: Slice, ctx: Context) -> None:
        """At least one bar has ended; all instruments at once, as arrays."""

    def on_clock(self, clock: Clock, ctx: Context) -> None:
        """A timer of ``ctx.every`` is due."""

    def on_fill(self, fill: Fill, ctx: Context) -> None:
        """An order has filled, wholly or in part."""

    def on_order(self, update: OrderUpdate, ctx: Context) -> None:
        """An order was triggered, cancelled, rejected or has expired."""

    def on_session_open(self, session: date, ctx: Context) -> None:
        """A session opens; orders sent now may take its opening print."""

    def on_session_close(self, session: date, ctx: Context) -> None:
        """A session has closed."""

    def on_end(self, ctx: Context) -> None:
        """Once, after the last timestamp. Orders sent here never fill."""


def _bound(kind: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments a strategy was made with; what does not fit is left to ``__init__``."""
    try:
        bound = inspect.signature(kind.__init__).bind(None, *args, **kwargs)  # type: ignore[misc]
    except TypeError:
        return dict(kwargs)
    bound.apply_defaults()
    given = dict(list(bound.arguments.items())[1:])
    given.update(given.pop("params", {}) if kind.__init__ is Strategy.__init__ else {})  # type: ignore[misc]
    return given


def hooks_of(strategy: Strategy) -> frozenset[str]:
    """The hooks that a strategy defines itself."""
    kind = type(strategy)
    return frozenset(name for name in HOOKS if getattr(kind, name) is not getattr(Strategy, name))


def check_hooks(strategy: Strategy) -> None:
    """Raise if a hook could not be called or would do nothing when called.

    Raises
    ------
    StrategyError
        For a hook with other arguments than it is given, one that is ``async`` or a generator, and
        a method whose name is nearly that of a hook.

    Examples
    --------
    >>> class Hold(Strategy):
    ...     def on_bars(self, bar, ctx): ...
    >>> check_hooks(Hold())
    Traceback (most recent call last):
    quant.errors.StrategyError: Hold.on_bars: expected the name of a hook, found one that is never \
called; rename it. Did you mean 'on_bar'?
    """
    kind = type(strategy)
    known = ("on_start", *HOOKS, "on_end")
    for name in known:
        if getattr(kind, name) is not getattr(Strategy, name):
            _check_hook(f"{kind.__name__}.{name}", getattr(strategy, name), name)
    for name in sorted(set(dir(kind)) - set(known)):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.88)
        if near and callable(getattr(kind, name)):
            raise StrategyError(
                f"{kind.__name__}.{name}: expected the name of a hook, found one that is never "
                f"called; rename it. Did you mean {near[0]!r}?"
            )


def _check_hook(where: str, hook: Any, name: str) -> None:
    """Raise unless the hook takes what the hook of that name is given."""
    given = list(inspect.signature(getattr(Strategy, name)).parameters)[1:]
    wanted = f"def {name}({', '.join(['self', *given])})"
    if not callable(hook):
        raise StrategyError(f"{where}: expected {wanted}, found {hook!r}; write that method.")
    if inspect.iscoroutinefunction(hook) or inspect.isgeneratorfunction(hook):
        word = "an async function" if inspect.iscoroutinefunction(hook) else "a generator (yield)"
        raise StrategyError(
            f"{where}: expected {wanted}, found {word}, which does nothing when called; write a "
            "plain function."
        )
    try:
        inspect.signature(hook).bind(*given)
    except TypeError:
        found = ", ".join(["self", *map(str, inspect.signature(hook).parameters.values())])
        raise StrategyError(
            f"{where}: expected {wanted}, found ({found}); correct its arguments."
        ) from None
    except ValueError:  # a callable that does not tell its arguments
        return


def parameters_of(kind: type[Strategy]) -> dict[str, inspect.Parameter]:
    """Name, type and default of each parameter a strategy takes.

    Examples
    --------
    >>> class Cross(Strategy):
    ...     def __init__(self, fast: int = 10, slow: int = 50): ...
    >>> list(parameters_of(Cross))
    ['fast', 'slow']
    """
    if kind.__init__ is not Strategy.__init__:
        parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
        plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        return {p.name: p for p in parameters if p.kind in plain}
    found: dict[str, inspect.Parameter] = {}
    for base in reversed(kind.__mro__):
        if base in (Strategy, object):
            continue
        for name, annotation in inspect.get_annotations(base).items():
            if not name.startswith("_"):
                found[name] = inspect.Parameter(
                    name,
                    inspect.Parameter.KEYWORD_ONLY,
                    annotation=annotation,
                    default=getattr(kind, name, inspect.Parameter.empty),
                )
    return found
