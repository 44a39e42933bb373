// Prices of one symbol with its entries and exits; symbols are unpacked when first chosen.
const price = { chart: null, series: null, markers: null, book: null, at: -1 };

function decode(entry) {
  const t = unpack(entry.t);
  const c = unpack(entry.c);
  const parts = entry.o ? [entry.o, entry.h, entry.l].map(unpack) : null;
  const fix = (value) => Number(value.toFixed(Math.max(entry.c.k, 0)));
  const bars = t.map((time, i) => (parts
    ? { time, open: fix(c[i] + parts[0][i]), high: fix(c[i] + parts[1][i]), low: fix(c[i] + parts[2][i]), close: c[i] }
    : { time, value: c[i] }));
  const columns = [entry.at, entry.side, entry.n, entry.qty, entry.price, entry.why].map(unpack);
  const fills = columns[0].map((at, i) => ({
    at, time: t[at], isBuy: columns[1][i] === 1, n: columns[2][i], qty: columns[3][i], price: columns[4][i],
    why: DATA.prices.words[columns[5][i]],
  }));
  return { name: entry.name, t, bars, fills, decimals: entry.show, qtyDecimals: entry.qty.k };
}

function priceColours() {
  return {
    layout: { background: { type: "solid", color: colours.card }, textColor: colours.soft, fontFamily: colours.font, fontSize: 12, attributionLogo: true },
    grid: { vertLines: { visible: false }, horzLines: { color: colours.rule } },
    rightPriceScale: { borderVisible: false, minimumWidth: 72, scaleMargins: { top: 0.08, bottom: 0.06 } },
    timeScale: { borderColor: colours.rule, timeVisible: !DATA.prices.dated, secondsVisible: false, minBarSpacing: 0.02 },
    crosshair: { mode: 0, vertLine: { color: colours.soft, labelBackgroundColor: colours.soft }, horzLine: { color: colours.soft, labelBackgroundColor: colours.soft } },
  };
}

function seriesColours() {
  if (DATA.prices.closes) return { color: colours.ink, lineWidth: 1.5, priceLineVisible: false };
  return { upColor: colours.up, downColor: colours.down, wickUpColor: colours.up, wickDownColor: colours.down, borderVisible: false, priceLineVisible: false };
}

function markersOf(fills) {
  return fills.map((fill) => ({
    time: fill.time, position: fill.isBuy ? "belowBar" : "aboveBar", shape: fill.isBuy ? "arrowUp" : "arrowDown",
    color: fill.isBuy ? colours.strategy : colours.third, size: 1,
  }));
}

function drawPrice(box) {
  const library = window.LightweightCharts;
  price.chart = library.createChart(box, {
    ...priceColours(),
    autoSize: true,
    localization: { locale: "en-GB" },
    handleScroll: { mouseWheel: false, vertTouchDrag: false, horzTouchDrag: true, pressedMouseMove: true },
    handleScale: { mouseWheel: false, pinch: true },
  });
  price.series = price.chart.addSeries(DATA.prices.closes ? library.LineSeries : library.CandlestickSeries, seriesColours());
  price.markers = library.createSeriesMarkers(price.series, []);
  price.chart.subscribeCrosshairMove((event) => showFills(event.time === undefined ? null : event.time, event.point));
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoomPrice(event.deltaY < 0 ? 0.8 : 1.25);
  }, { passive: false });
  box.addEventListener("keydown", (event) => priceKey(event));
  chooseSymbol(0);
}

function chooseSymbol(index) {
  const entry = DATA.prices.symbols[index];
  price.book = decode(entry);
  price.at = -1;
  price.series.applyOptions({ priceFormat: { type: "price", precision: price.book.decimals, minMove: 10 ** -price.book.decimals } });
  price.series.setData(price.book.bars);
  price.markers.setMarkers(markersOf(price.book.fills));
  price.chart.timeScale().fitContent();
  document.getElementById("price-note").textContent = symbolNote(entry);
  showFills(null);
}

function symbolNote(entry) {
  const n = unpack(entry.n).reduce((a, b) => a + b, 0);
  const fills = `${grouped(n, 0)} ${n === 1 ? "fill" : "fills"}`;
  return entry.bars > 1 ? `${fills}. Each candle stands for ${entry.bars} bars.` : fills;
}

function recolourPrice() {
  if (!price.chart) return;
  price.chart.applyOptions(priceColours());
  price.series.applyOptions(seriesColours());
  price.markers.setMarkers(markersOf(price.book.fills));
}

// The fills of the candle under the pointer, beside it.
function showFills(time, point) {
  const box = document.getElementById("price-tip");
  const found = time === null ? [] : price.book.fills.filter((fill) => fill.time === time);
  box.hidden = found.length === 0;
  if (!found.length) return;
  const rows = found.flatMap((fill) => [
    [fill.isBuy ? "Bought" : "Sold", `${quantity(fill.qty, price.book.qtyDecimals)} at ${grouped(fill.price, price.book.decimals)}`, fill.isBuy ? colours.strategy : colours.third],
    [fill.n === 1 ? "Why" : `${fill.n} fills, first`, fill.why],
  ]);
  box.replaceChildren(card(`${price.book.name} \u00b7 ${moment(time * 1000, DATA.prices.dated)}`, rows));
  const width = box.parentElement.clientWidth;
  const x = point ? point.x : width / 2;
  box.style.left = `${Math.max(4, Math.min(x + 16, width - box.offsetWidth - 4))}px`;
}

function zoomPrice(factor) {
  const scale = price.chart.timeScale();
  const range = scale.getVisibleLogicalRange();
  if (!range) return;
  const [middle, half] = [(range.from + range.to) / 2, ((range.to - range.from) / 2) * factor];
  scale.setVisibleLogicalRange({ from: middle - Math.max(half, 5), to: middle + Math.max(half, 5) });
}

// To the next or the last fill, from wherever the reader is.
function stepFill(step) {
  const fills = price.book.fills;
  if (!fills.length) return;
  price.at = (price.at + step + fills.length + (price.at < 0 && step < 0 ? 1 : 0)) % fills.length;
  const fill = fills[price.at];
  const scale = price.chart.timeScale();
  const range = scale.getVisibleLogicalRange();
  const half = Math.min((range.to - range.from) / 2, 60);
  scale.setVisibleLogicalRange({ from: fill.at - half, to: fill.at + half });
  showFills(fill.time);
}

// The library paints in its own time, which a printer does not wait for: paper gets a picture.
function photographPrice() {
  const box = price.chart.chartElement().parentElement;
  price.chart.applyOptions({ autoSize: false });
  price.chart.timeScale().fitContent();
  price.chart.resize(box.clientWidth, box.clientHeight, true);
  const picture = price.chart.takeScreenshot(true);
  picture.className = "photograph";
  picture.style.width = `${box.clientWidth}px`;
  box.append(picture);
}

function priceKey(event) {
  const actions = { "+": () => zoomPrice(0.8), "-": () => zoomPrice(1.25), ArrowRight: () => stepFill(1), ArrowLeft: () => stepFill(-1), Home: () => price.chart.timeScale().fitContent() };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}
