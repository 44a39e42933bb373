// Charts by category: years, months of trading, bins of trades, the way from gross to net.
function plainGrid(extra) {
  return { left: isNarrow() ? 46 : 58, right: 14, top: 14, bottom: 30, ...extra };
}

// Names of categories stand below all bars; where zero is, a line of its own says.
function zeroLine() {
  return { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: colours.soft, width: 1, type: "solid" }, data: [{ yAxis: 0 }] };
}

const bySign = (value) => (value >= 0 ? colours.up : colours.down);

function yearsOption() {
  const from = DATA.years;
  const canLabel = from.labels.length <= (isNarrow() ? 5 : 12);
  const series = [{
    type: "bar", name: "Strategy", data: from.own, color: colours.strategy, barMaxWidth: 30, barGap: "12%",
    label: { show: canLabel, position: "outside", formatter: ({ value }) => percent(value, 0), color: colours.soft, fontSize: 11 },
  }];
  if (canLabel) series[0].data = from.own.map((value) => ({ value, label: { position: value < 0 ? "bottom" : "top" } }));
  if (from.other) series.push({ type: "bar", name: DATA.benchmark, data: from.other, color: colours.benchmark, barMaxWidth: 30 });
  const option = base({
    grid: plainGrid(),
    xAxis: categoryAxis(from.labels),
    yAxis: valueAxis(shortPercent, { scale: false }),
    series,
  });
  series[0].markLine = zeroLine();
  option.tooltip.axisPointer = { type: "shadow", shadowStyle: { color: "rgba(127,140,160,.12)" } };
  option.tooltip.formatter = (params) => {
    const i = params[0].dataIndex;
    const rows = [["Strategy", percent(from.own[i]), colours.strategy]];
    if (from.other) rows.push([DATA.benchmark, percent(from.other[i]), colours.benchmark]);
    return card(from.labels[i], rows);
  };
  return option;
}

function turnoverOption() {
  const from = DATA.turnover;
  const labels = from.starts.map((month) => (from.unit === "year" ? String(1970 + month / 12) : monthName(month)));
  const bar = { type: "bar", stack: "traded", barMaxWidth: 26 };
  const option = base({
    grid: plainGrid(),
    xAxis: categoryAxis(labels),
    yAxis: valueAxis(shortPercent, { scale: false }),
    series: [
      { ...bar, name: "Bought", data: from.bought, color: colours.strategy },
      { ...bar, name: "Sold", data: from.sold, color: colours.third },
    ],
  });
  option.tooltip.axisPointer = { type: "shadow", shadowStyle: { color: "rgba(127,140,160,.12)" } };
  option.tooltip.formatter = (params) => {
    const i = params[0].dataIndex;
    return card(labels[i], [["Bought", percent(from.bought[i], 1), colours.strategy], ["Sold", percent(from.sold[i], 1), colours.third]]);
  };
  return option;
}

// Bins as bars that touch; what lies beyond the outer edges is counted in the outer bins.
function binsOption(name, words, format, colourOf) {
  const bins = DATA.trades[name];
  const label = (i) => {
    if (i === 0 && bins.cut[0]) return `below ${format(bins.edges[1])}`;
    if (i === bins.counts.length - 1 && bins.cut[1]) return `${format(bins.edges[i])} and more`;
    return words(bins.edges[i], bins.edges[i + 1]);
  };
  const labels = bins.counts.map((_, i) => format(bins.edges[i]));
  // A label names the lower edge of its bin and stands there; zero always has one.
  const width = (document.querySelector(`[data-chart="${name}"]`).clientWidth - plainGrid().left - 14) / labels.length;
  const zero = Math.max(bins.edges.indexOf(0), 0);
  const step = Math.ceil(labels.length / (isNarrow() ? 5 : 7));
  const axisLabel = { color: colours.soft, fontSize: 12, interval: (i) => (i - zero) % step === 0, padding: [0, width, 0, 0] };
  const total = bins.counts.reduce((a, b) => a + b, 0);
  const option = base({
    grid: plainGrid(),
    xAxis: categoryAxis(labels, { axisLabel }),
    yAxis: valueAxis((value) => grouped(value, 0), { scale: false, minInterval: 1 }),
    series: [{ type: "bar", barCategoryGap: "8%", data: bins.counts.map((value, i) => ({ value, itemStyle: { color: colourOf(bins.edges[i]) } })) }],
  });
  option.tooltip.axisPointer = { type: "shadow", shadowStyle: { color: "rgba(127,140,160,.12)" } };
  option.tooltip.formatter = (params) => {
    const i = params[0].dataIndex;
    return card(label(i), [["Trades", grouped(bins.counts[i], 0)], ["Of all", percent(bins.counts[i] / total, 1)]]);
  };
  return option;
}

function returnsOption() {
  return binsOption("returns", (from, to) => `${shortPercent(from)} to ${shortPercent(to)}`, shortPercent, bySign);
}

function holdingOption() {
  const words = (from, to) => (to - from === 1 ? `${grouped(from, 0)} bars` : `${grouped(from, 0)} to ${grouped(to - 1, 0)} bars`);
  return binsOption("holding", words, (value) => grouped(value, 0), () => colours.strategy);
}

// One point per trade: how far it went against us, and how far for us, before it was closed.
function excursionOption() {
  const from = DATA.trades;
  const [mae, mfe, result, ids, symbols, long] = [from.mae, from.mfe, from.return, from.id, from.symbol, from.long].map(unpack);
  const points = mae.map((value, i) => ({ value: [-value, mfe[i]], itemStyle: { color: bySign(result[i]) } }));
  const option = base({
    grid: plainGrid({ bottom: 48, left: isNarrow() ? 58 : 68 }),
    xAxis: valueAxis(shortPercent, { scale: false, min: 0, ...axisName("worst loss while held"), nameGap: 30, splitNumber: isNarrow() ? 3 : 5 }),
    yAxis: valueAxis(shortPercent, { scale: false, min: 0, ...axisName("best gain while held"), nameGap: isNarrow() ? 42 : 48 }),
    series: [{ type: "scatter", data: points, symbolSize: mae.length > 300 ? 5 : 7, itemStyle: { opacity: 0.65 } }],
  });
  option.tooltip.trigger = "item";
  option.tooltip.formatter = ({ dataIndex: i }) => card(`Trade ${ids[i]} \u00b7 ${from.symbols[symbols[i]]} \u00b7 ${long[i] ? "long" : "short"}`, [
    ["Return", percent(result[i]), bySign(result[i])],
    ["Worst while held (MAE)", percent(mae[i])],
    ["Best while held (MFE)", percent(mfe[i])],
  ]);
  return option;
}

// Whole units of money, four digits of large sums.
function round(value) {
  return Math.abs(value) < 1e7 ? grouped(value, Math.abs(value) < 100 ? 2 : 0) : short(Number(value.toPrecision(4)));
}

const isTotal = (key) => key === "gross" || key === "net";

// From profit before costs to net profit: each cost hangs where the one before it ended.
function costsOption() {
  let level = 0;
  const steps = DATA.costs.map(({ key, label: name, amount }) => {
    const label = isNarrow() && isTotal(key) ? key[0].toUpperCase() + key.slice(1) : name;
    const isEnd = isTotal(key);
    const [from, to] = isEnd ? [0, amount] : [level, level - amount];
    level = to;
    return { label, from, to, text: money(isEnd ? amount : -amount), colour: isEnd ? colours.strategy : amount >= 0 ? colours.down : colours.up };
  });
  const option = base({
    grid: plainGrid({ left: isNarrow() ? 52 : 64 }),
    xAxis: categoryAxis(steps.map((step) => step.label), { axisLabel: { color: colours.soft, fontSize: isNarrow() ? 11 : 12, interval: 0, rotate: isNarrow() && steps.length > 4 ? 35 : 0 } }),
    yAxis: valueAxis(short, { scale: false }),
    series: [{
      type: "custom",
      // Bars from one level to another; stacking cannot cross zero.
      renderItem: (_, api) => {
        const i = api.value(0);
        const [x, y0] = api.coord([i, steps[i].from]);
        const y1 = api.coord([i, steps[i].to])[1];
        const width = Math.min(api.size([1, 0])[0] * 0.56, 70);
        const top = Math.min(y0, y1);
        const height = Math.max(Math.abs(y1 - y0), 1.5);
        return {
          type: "group",
          children: [
            { type: "rect", shape: { x: x - width / 2, y: top, width, height }, style: { fill: steps[i].colour } },
            { type: "text", style: { text: round(steps[i].to - steps[i].from), x, y: top - 5, align: "center", verticalAlign: "bottom", fill: colours.soft, font: `11px ${colours.font}` } },
          ],
        };
      },
      encode: { x: 0, y: [1, 2] },
      data: steps.map((step, i) => [i, step.from, step.to]),
    }],
  });
  option.grid.top = 26;
  option.grid.bottom = isNarrow() ? 44 : 30;
  option.tooltip.axisPointer = { type: "none" };
  option.tooltip.formatter = (params) => card(steps[params[0].dataIndex].label, [["Amount", steps[params[0].dataIndex].text]]);
  return option;
}
