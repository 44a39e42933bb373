"""Sessions, their hours, and the moments counted from them.

`Calendar` says which days a market trades and when; `Schedule` turns a text such as
``"month close - 30min"`` into instants of a calendar. Tables are read on first use.
"""

from quant.calendars.calendar import Calendar, content_version, known_calendars, load_calendar
from quant.calendars.schedule import Schedule, parse_schedule

__all__ = [
    "Calendar",
    "Schedule",
    "content_version",
    "known_calendars",
    "load_calendar",
    "parse_schedule",
]
