"""Does a strategy see the future? Run it again without one, and compare what it decides.

``audit`` plans the runs and judges them, ``launch`` starts a fresh process for each, ``worker`` is
that process: it hides the future (``hide``), shuts itself in (``confine``, ``reach``) and notes the
decisions. ``verdict`` is what comes out.
"""
