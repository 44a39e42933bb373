// What happens when: charts in view are drawn at once, others when they come near or are printed.
const OPTIONS = {
  equity: equityOption, rolling: rollingOption, exposure: exposureOption, years: yearsOption,
  turnover: turnoverOption, returns: returnsOption, holding: holdingOption, excursion: excursionOption, costs: costsOption,
};
const SPANS = { "6m": 182.6, "1y": 365.25, "3y": 1095.75, "5y": 1826.25 };
const charts = new Map();
const drawn = new Set();

function boxes() {
  return [...document.querySelectorAll("[data-chart]")];
}

function drawChart(box) {
  const name = box.dataset.chart;
  if (drawn.has(name)) return;
  drawn.add(name);
  if (name === "price") {
    drawPrice(box);
    return;
  }
  const chart = echarts.init(box, null, { renderer: "svg" });
  charts.set(name, chart);
  chart.setOption(OPTIONS[name]());
  chart.on("datazoom", () => followZoom(chart));
  new ResizeObserver(() => {
    if (!printing.isOn) fit(name);
  }).observe(box);
  if (chart.getOption().dataZoom?.length) box.addEventListener("keydown", (event) => zoomKey(event));
}

// Narrow pages have fewer marks and smaller margins, so a change of width is a new option.
function fit(name) {
  const chart = charts.get(name);
  if (chart.getWidth() === chart.getDom().clientWidth) return;
  chart.resize();
  chart.setOption(OPTIONS[name](), { replaceMerge: [] });
}

function redrawAll() {
  readColours();
  for (const [name, chart] of charts) chart.setOption(OPTIONS[name](), true);
  recolourPrice();
}

// --- zoom: one window of time for all charts over time -------------------------------------------
let isFollowing = false;

function followZoom(source) {
  if (isFollowing) return;
  const { start, end } = source.getOption().dataZoom[0];
  applyZoom(start, end, source);
}

function applyZoom(start, end, source) {
  view.start = Math.max(0, start);
  view.end = Math.min(100, end);
  isFollowing = true;
  for (const chart of charts.values()) {
    if (chart === source || !chart.getOption().dataZoom?.length) continue;
    chart.dispatchAction({ type: "dataZoom", start: view.start, end: view.end });
  }
  remarkTime();
  if (view.isLog && charts.has("equity")) charts.get("equity").setOption({ yAxis: [equityAxis()] });
  isFollowing = false;
  markSpan();
}

// Years or months: what marks the axis depends on how much of it is in view.
function remarkTime() {
  for (const chart of charts.values()) {
    const axes = chart.getOption().xAxis;
    if (axes[0].type !== "time") continue;
    chart.setOption({ xAxis: axes.map((axis) => (axis.axisLabel.show === false ? {} : timeMarks())) });
  }
}

function spanStart(name) {
  const { min, max } = timeRange();
  return name === "all" ? 0 : 100 * (1 - (SPANS[name] * 86400000) / (max - min));
}

function markSpan() {
  for (const button of document.querySelectorAll("[data-span]")) {
    const isOn = Math.abs(view.end - 100) < 0.01 && Math.abs(view.start - spanStart(button.dataset.span)) < 0.01;
    button.setAttribute("aria-pressed", String(isOn));
  }
}

function zoomKey(event) {
  const size = view.end - view.start;
  const moves = { "+": [size * 0.1, -size * 0.1], "-": [-size * 0.125, size * 0.125], ArrowLeft: [-size * 0.1, -size * 0.1], ArrowRight: [size * 0.1, size * 0.1], Home: [-100, 100] };
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  let [start, end] = [view.start + move[0], view.end + move[1]];
  // A window moved beyond an end stops there with its size.
  if (event.key.startsWith("Arrow") && start < 0) [start, end] = [0, size];
  if (event.key.startsWith("Arrow") && end > 100) [start, end] = [100 - size, 100];
  if (end - start > 0.05) applyZoom(start, end, null);
}

function wireEquityTools() {
  for (const button of document.querySelectorAll("[data-span]")) {
    button.hidden = spanStart(button.dataset.span) < 0;
    button.addEventListener("click", () => applyZoom(spanStart(button.dataset.span), 100, null));
  }
  const all = [...document.querySelectorAll("[data-span]")];
  if (all.filter((button) => !button.hidden).length < 2) all.forEach((button) => { button.hidden = true; });
  markSpan();
  const scales = document.getElementById("scales");
  scales.hidden = !canBeLog();
  for (const button of scales.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String((button.dataset.scale === "log") === view.isLog));
    button.addEventListener("click", () => chooseScale(button.dataset.scale));
  }
}

function chooseScale(name) {
  view.isLog = name === "log";
  for (const button of document.querySelectorAll("[data-scale]")) {
    button.setAttribute("aria-pressed", String(button.dataset.scale === name));
  }
  charts.get("equity").setOption(equityOption(), true);
}

// --- colour scheme -------------------------------------------------------------------------------
function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function wireTheme() {
  const button = document.getElementById("theme");
  const name = () => button.setAttribute("aria-label", isDark() ? "Switch to light colours" : "Switch to dark colours");
  button.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem("quant-report-theme", theme);
    } catch {
      // Nowhere to keep it: the choice holds until the page is closed.
    }
    name();
    redrawAll();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    name();
    redrawAll();
  });
  name();
}

// --- definitions: the same words for mouse, finger and keyboard ----------------------------------
function wireDefinitions() {
  const box = document.getElementById("definition");
  let shown = null;
  const hide = () => {
    if (shown) shown.removeAttribute("aria-describedby");
    shown = null;
    box.hidden = true;
  };
  const show = (term) => {
    hide();
    shown = term;
    term.setAttribute("aria-describedby", "definition");
    box.textContent = term.dataset.definition;
    box.hidden = false;
    place(box, term);
  };
  for (const term of document.querySelectorAll(".term")) {
    term.dataset.definition = term.title;
    term.removeAttribute("title");
    term.addEventListener("mouseenter", () => show(term));
    term.addEventListener("mouseleave", hide);
    term.addEventListener("focus", () => show(term));
    term.addEventListener("blur", hide);
    term.addEventListener("click", () => show(term));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  addEventListener("scroll", () => {
    if (shown) place(box, shown);
  }, { passive: true });
}

// Below the term, above it where there is no room, never beyond the sides.
function place(box, term) {
  const at = term.getBoundingClientRect();
  const page = document.documentElement;
  const left = Math.max(8, Math.min(at.left, page.clientWidth - box.offsetWidth - 8));
  const isBelow = at.bottom + box.offsetHeight + 12 < page.clientHeight;
  box.style.left = `${left}px`;
  box.style.top = `${isBelow ? at.bottom + 6 : at.top - box.offsetHeight - 6}px`;
}

// --- printing: every chart, light, as wide as the paper ------------------------------------------
const printing = { isOn: false, theme: null };

function beforePrint() {
  if (printing.isOn) return;
  const root = document.documentElement;
  printing.isOn = true;
  printing.theme = root.dataset.theme;
  root.dataset.theme = "light";
  root.classList.add("printing");
  boxes().forEach(drawChart);
  for (const chart of charts.values()) chart.resize();
  redrawAll();
  if (price.chart) photographPrice();
}

function afterPrint() {
  if (!printing.isOn) return;
  const root = document.documentElement;
  printing.isOn = false;
  root.classList.remove("printing");
  if (printing.theme) root.dataset.theme = printing.theme;
  else delete root.dataset.theme;
  for (const chart of charts.values()) chart.resize();
  document.querySelector(".photograph")?.remove();
  if (price.chart) price.chart.applyOptions({ autoSize: true });
  redrawAll();
}

function wirePrinting() {
  addEventListener("beforeprint", beforePrint);
  addEventListener("afterprint", afterPrint);
  matchMedia("print").addEventListener("change", (event) => (event.matches ? beforePrint() : afterPrint()));
  document.getElementById("print").addEventListener("click", () => print());
}

function wirePrices() {
  const chooser = document.getElementById("symbol");
  if (!chooser) return;
  const box = document.querySelector('[data-chart="price"]');
  const withChart = (action) => () => {
    drawChart(box);
    action();
  };
  chooser.addEventListener("change", withChart(() => chooseSymbol(Number(chooser.value))));
  document.getElementById("fill-before").addEventListener("click", withChart(() => stepFill(-1)));
  document.getElementById("fill-after").addEventListener("click", withChart(() => stepFill(1)));
  document.getElementById("price-all").addEventListener("click", withChart(() => price.chart.timeScale().fitContent()));
}

function start() {
  readColours();
  view.isLog = canBeLog() && equityPoints().high / equityPoints().low >= LOG_FROM;
  const height = innerHeight;
  boxes().filter((box) => box.getBoundingClientRect().top < height).forEach(drawChart);
  performance.mark("report-drawn");
  wireEquityTools();
  wireTheme();
  wireDefinitions();
  wirePrinting();
  wirePrices();
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      watcher.unobserve(entry.target);
      drawChart(entry.target);
    }
  }, { rootMargin: "300px" });
  boxes().forEach((box) => watcher.observe(box));
}

start();
