"""What a run earned and risked: trades out of fills, metrics, and the tear sheet.

:mod:`~quant.report.trades` folds fills into round trips, :mod:`~quant.report.metrics` computes
every figure with its formula and inputs, :mod:`~quant.report.tearsheet` writes the page. All three
take plain arrays and know nothing of how the run came about.
"""
