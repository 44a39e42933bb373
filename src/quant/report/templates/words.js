// Numbers and dates as people read them; the same rules as wording.py.
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MINUS = "\u2212";

function signed(text) {
  if (!text.startsWith("-")) return text;
  return /[1-9]/.test(text) ? MINUS + text.slice(1) : text.slice(1);
}

function grouped(value, decimals) {
  const form = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return signed(value.toLocaleString("en-US", form));
}

function percent(value, decimals = 2) {
  return value === null ? "\u2013" : `${grouped(value * 100, decimals)}%`;
}

function money(value) {
  return `${grouped(value, Math.abs(value) >= 10000 ? 0 : 2)} ${DATA.currency}`;
}

// As many decimals as the price has, two at least, without trailing zeros beyond.
function quantity(value, most) {
  return signed(value.toLocaleString("en-US", { maximumFractionDigits: Math.max(0, most) }));
}

// A round number of an axis: 100k, 2.5M.
function short(value) {
  const sizes = [[1e12, 1e12, "T"], [1e9, 1e9, "B"], [1e6, 1e6, "M"], [1e4, 1e3, "k"]];
  const found = sizes.find(([from]) => Math.abs(value) >= from);
  const [, unit, letter] = found || [0, 1, ""];
  return signed(Number((value / unit).toPrecision(6)).toLocaleString("en-US")) + letter;
}

// Percent of an axis, with only the decimals that the tick needs.
function shortPercent(value) {
  return `${signed(Number((value * 100).toPrecision(6)).toLocaleString("en-US"))}%`;
}

function two(number) {
  return String(number).padStart(2, "0");
}

function day(ms) {
  const date = new Date(ms);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

function moment(ms, isDaily) {
  const date = new Date(ms);
  if (isDaily) return day(ms);
  return `${day(ms)}, ${two(date.getUTCHours())}:${two(date.getUTCMinutes())} UTC`;
}

function monthName(month) {
  return `${MONTHS[month % 12]} ${1970 + Math.floor(month / 12)}`;
}

// A tooltip as elements, never as markup, so that no name of a symbol or tag can become a tag.
function card(title, rows) {
  const box = document.createElement("div");
  box.className = "tooltip";
  const head = document.createElement("strong");
  head.textContent = title;
  box.append(head);
  for (const [label, text, colour] of rows) {
    const line = document.createElement("div");
    const name = document.createElement("span");
    const value = document.createElement("span");
    if (colour) {
      const key = document.createElement("i");
      key.style.background = colour;
      name.append(key);
    }
    name.append(label);
    value.textContent = text;
    line.append(name, value);
    box.append(line);
  }
  return box;
}
