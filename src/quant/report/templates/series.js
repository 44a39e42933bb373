// Charts over time: equity with its drawdowns, rolling figures, exposure. They share one axis of
// time, so a zoom in one is a zoom in all.
const LOG_FROM = 4;
const POINTS = {};

function equityPoints() {
  if (!POINTS.equity) {
    const from = DATA.equity;
    POINTS.equity = {
      t: unpack(from.t),
      own: unpack(from.own),
      other: from.other && unpack(from.other),
      down: from.down && unpack(from.down),
      otherDown: from.otherDown && unpack(from.otherDown),
      flows: from.flows && { t: unpack(from.flows.t), at: unpack(from.flows.at), money: unpack(from.flows.money) },
    };
    const all = POINTS.equity.own.concat(POINTS.equity.other || []);
    POINTS.equity.low = all.reduce((a, b) => Math.min(a, b));
    POINTS.equity.high = all.reduce((a, b) => Math.max(a, b));
  }
  return POINTS.equity;
}

const canBeLog = () => equityPoints().low > 0 && equityPoints().high > equityPoints().low;
const view = { isLog: false, start: 0, end: 100 };

function timeRange() {
  const t = equityPoints().t;
  const room = t[0] === t[t.length - 1] ? 43200000 : 0;
  return { min: t[0] - room, max: t[t.length - 1] + room };
}

const TIME_WORDS = { year: "{yyyy}", month: "{MMM} {yyyy}", day: "{d} {MMM}", hour: "{HH}:{mm}", minute: "{HH}:{mm}" };

// First days of years, every so many that there is room; none where months are marked.
function yearMarks() {
  const range = timeRange();
  const size = range.max - range.min;
  const [from, to] = [range.min + (size * view.start) / 100, range.min + (size * view.end) / 100];
  const years = (to - from) / 31557600000;
  if (years <= 2.5) return null;
  const room = isNarrow() ? 6 : 12;
  const step = [1, 2, 3, 4, 5, 10, 20, 50].find((each) => years / each <= room) || 100;
  const marks = [];
  for (let year = Math.ceil(new Date(from).getUTCFullYear() / step) * step; Date.UTC(year, 0) <= to; year += step) {
    if (Date.UTC(year, 0) >= from) marks.push(Date.UTC(year, 0));
  }
  return marks;
}

function timeMarks() {
  const marks = yearMarks();
  return {
    axisTick: { show: false, customValues: marks },
    axisLabel: {
      color: colours.soft, fontSize: 12, hideOverlap: true, customValues: marks,
      formatter: marks ? (value) => String(new Date(value).getUTCFullYear()) : TIME_WORDS,
    },
  };
}

function timeAxis(extra) {
  return {
    type: "time",
    ...timeRange(),
    ...axisStyle(),
    ...timeMarks(),
    axisLine: { show: true, onZero: false, lineStyle: { color: colours.rule } },
    splitLine: { show: false },
    splitNumber: isNarrow() ? 3 : 8,
    minInterval: DATA.daily ? 86400000 : 0,
    ...extra,
  };
}

// Wheel with Ctrl, two fingers, and the slider zoom; a bare wheel or one finger scrolls the page.
function zooms(axes, hasSlider) {
  const inside = {
    type: "inside", xAxisIndex: axes, start: view.start, end: view.end, filterMode: "filter",
    zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, moveOnMouseMove: "shift", preventDefaultMouseMove: false,
  };
  if (!hasSlider || printing.isOn) return [inside];
  const slider = {
    type: "slider", xAxisIndex: axes, start: view.start, end: view.end, height: 26, bottom: 6, showDetail: false,
    brushSelect: false, borderColor: colours.rule, fillerColor: "rgba(127,140,160,.16)", backgroundColor: "transparent",
    dataBackground: { lineStyle: { color: colours.benchmark, width: 1 }, areaStyle: { color: colours.rule } },
    selectedDataBackground: { lineStyle: { color: colours.strategy, width: 1 }, areaStyle: { color: colours.rule } },
    handleStyle: { color: colours.card, borderColor: colours.soft }, moveHandleSize: 0,
  };
  return [inside, slider];
}

function line(values, extra) {
  return { type: "line", data: values, showSymbol: false, sampling: "minmax", connectNulls: false, ...extra };
}

const pairs = (t, values, form = (value) => value) => t.map((moment_, i) => [moment_, values[i] === null ? null : form(values[i])]);

// Round values between two, for an axis whose steps are ratios.
function logTicks(low, high) {
  const sets = [[1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7], [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9]];
  let found = [];
  for (const set of sets) {
    const inside = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
      for (const digit of set) {
        const value = digit * 10 ** power;
        if (value >= low && value <= high) inside.push(Math.log10(value));
      }
    }
    if (inside.length > 7 && found.length > 1) break;
    found = inside;
  }
  return found;
}

// The vertical axis of equity. On a ratio scale the chart draws logarithms on a plain axis, which
// lets the marks be round numbers whatever the range in view.
function equityAxis() {
  const format = (value) => short(view.isLog ? Number((10 ** value).toPrecision(3)) : value);
  const axis = valueAxis(format, { gridIndex: 0 });
  if (!view.isLog) return { ...axis, min: null, max: null, axisTick: { show: false, customValues: null }, axisLabel: { ...axis.axisLabel, customValues: null } };
  const points = equityPoints();
  const range = timeRange();
  const from = range.min + ((range.max - range.min) * view.start) / 100;
  const to = range.min + ((range.max - range.min) * view.end) / 100;
  let low = Infinity;
  let high = -Infinity;
  points.t.forEach((moment_, i) => {
    if (moment_ < from || moment_ > to) return;
    for (const value of points.other ? [points.own[i], points.other[i]] : [points.own[i]]) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  });
  if (low > high) [low, high] = [points.low, points.high];
  const room = Math.max((high / low) ** 0.04, 1.001);
  const ticks = logTicks(low / room, high * room);
  return {
    ...axis,
    min: Math.log10(low / room),
    max: Math.log10(high * room),
    axisTick: { show: false, customValues: ticks },
    axisLabel: { ...axis.axisLabel, customValues: ticks },
  };
}

// Deposits point up from below the curve, withdrawals down from above it.
function flowMarks(flows, form) {
  const size = flows.t.length > 60 ? 5 : 9;
  const data = flows.t.map((moment_, i) => ({
    coord: [moment_, form(flows.at[i])],
    symbolRotate: flows.money[i] < 0 ? 180 : 0,
    symbolOffset: [0, flows.money[i] < 0 ? -size : size],
  }));
  return { silent: true, symbol: "triangle", symbolSize: size, label: { show: false }, itemStyle: { color: colours.third }, animation: false, data };
}

function equitySeries() {
  const points = equityPoints();
  const form = view.isLog ? Math.log10 : (value) => value;
  const series = [];
  if (points.other) {
    series.push(line(pairs(points.t, points.other, form), { name: DATA.benchmark, color: colours.benchmark, lineStyle: { width: 1.3 }, z: 2 }));
  }
  series.push(line(pairs(points.t, points.own, form), { name: DATA.name, color: colours.strategy, lineStyle: { width: 1.9 }, z: 3, ...(points.flows ? { markPoint: flowMarks(points.flows, form) } : {}) }));
  if (!points.down) return series;
  const below = { xAxisIndex: 1, yAxisIndex: 1 };
  if (points.otherDown) {
    series.push(line(pairs(points.t, points.otherDown), { ...below, name: "benchmark drawdown", color: colours.benchmark, lineStyle: { width: 1 } }));
  }
  series.push(line(pairs(points.t, points.down), { ...below, name: "drawdown", color: colours.down, lineStyle: { width: 1.2 }, areaStyle: { color: colours.area, origin: "end" } }));
  return series;
}

function equityTip(params) {
  const points = equityPoints();
  const i = params[0].dataIndex;
  const rows = [[DATA.name, money(points.own[i]), colours.strategy]];
  if (points.other) rows.push([DATA.benchmark, money(points.other[i]), colours.benchmark]);
  const flow = points.flows ? points.flows.t.indexOf(points.t[i]) : -1;
  if (flow >= 0) rows.push([points.flows.money[flow] < 0 ? "Withdrawn" : "Deposited", money(Math.abs(points.flows.money[flow])), colours.third]);
  if (points.down) rows.push(["Drawdown", percent(points.down[i]), colours.down]);
  if (points.otherDown) rows.push(["Its drawdown", percent(points.otherDown[i]), colours.benchmark]);
  return card(moment(points.t[i], DATA.daily), rows);
}

function equityOption() {
  const hasBelow = Boolean(DATA.equity.down);
  const left = isNarrow() ? 46 : 58;
  const option = base({
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: [
      { left, right: 14, top: 12, bottom: hasBelow ? "42%" : 70 },
      ...(hasBelow ? [{ left, right: 14, top: "69%", bottom: 46 }] : []),
    ],
    xAxis: [timeAxis({ gridIndex: 0 }), ...(hasBelow ? [timeAxis({ gridIndex: 1, axisLabel: { show: false } })] : [])],
    yAxis: [equityAxis(), ...(hasBelow ? [valueAxis(shortPercent, { gridIndex: 1, max: 0, splitNumber: 2 })] : [])],
    dataZoom: zooms(hasBelow ? [0, 1] : [0], true),
    series: equitySeries(),
  });
  if (hasBelow) {
    option.title = { text: "Drawdown, below the highest equity so far", left: left - 4, top: "64%", textStyle: { fontSize: 12, fontWeight: 400, color: colours.soft } };
  }
  option.tooltip.formatter = equityTip;
  return option;
}

// Windows of sessions, one above the other: Sharpe ratio, volatility, and beta where it exists.
function rollingOption() {
  const from = DATA.rolling;
  const t = unpack(from.t);
  const shown = [["Sharpe ratio", unpackWithGaps(from.sharpe), colours.strategy, (v) => (v === null ? "\u2013" : grouped(v, 2)), (v) => quantity(v, 4)]];
  shown.push(["Volatility", unpack(from.volatility), colours.third, percent, shortPercent]);
  if (from.beta) shown.push(["Beta to the benchmark", unpackWithGaps(from.beta), colours.benchmark, (v) => (v === null ? "\u2013" : grouped(v, 2)), (v) => quantity(v, 4)]);
  const share = 96 / shown.length;
  const left = isNarrow() ? 46 : 58;
  const option = base({
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    title: shown.map(([name], i) => ({ text: name, left: left - 4, top: `${i * share}%`, textStyle: { fontSize: 12, fontWeight: 400, color: colours.soft } })),
    grid: shown.map((_, i) => ({ left, right: 14, top: `${i * share + 22 / shown.length}%`, height: `${share - 30 / shown.length}%` })),
    xAxis: shown.map((_, i) => timeAxis({ gridIndex: i, ...(i < shown.length - 1 ? { axisLabel: { show: false } } : {}) })),
    yAxis: shown.map(([name, , , , tick], i) => valueAxis(tick, { gridIndex: i, splitNumber: 3, scale: name !== "Volatility" })),
    dataZoom: zooms(shown.map((_, i) => i), false),
    series: shown.map(([name, values, colour], i) => line(pairs(t, values), {
      name, xAxisIndex: i, yAxisIndex: i, color: colour, lineStyle: { width: 1.5 },
      markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: colours.soft, width: 1, type: "solid" }, data: name === "Sharpe ratio" ? [{ yAxis: 0 }] : [] },
    })),
  });
  option.tooltip.formatter = (params) => {
    const i = params[0].dataIndex;
    return card(`${from.window} sessions to ${day(t[i])}`, shown.map(([name, values, colour, form]) => [name, form(values[i]), colour]));
  };
  return option;
}

function exposureOption() {
  const from = DATA.exposure;
  const [t, gross, net] = [unpack(from.t), unpack(from.gross), unpack(from.net)];
  const left = isNarrow() ? 46 : 58;
  const option = base({
    grid: { left, right: 14, top: 12, bottom: 30 },
    xAxis: [timeAxis()],
    yAxis: [valueAxis(shortPercent, { scale: false })],
    dataZoom: zooms([0], false),
    series: [
      line(pairs(t, gross), { name: "Gross", step: "end", color: colours.benchmark, lineStyle: { width: 1 }, areaStyle: { color: colours.rule, opacity: 0.7 } }),
      line(pairs(t, net), { name: "Net", step: "end", color: colours.strategy, lineStyle: { width: 1.5 } }),
    ],
  });
  option.tooltip.formatter = (params) => {
    const i = params[0].dataIndex;
    return card(moment(t[i], DATA.daily), [["Gross", percent(gross[i], 1), colours.benchmark], ["Net", percent(net[i], 1), colours.strategy]]);
  };
  return option;
}
