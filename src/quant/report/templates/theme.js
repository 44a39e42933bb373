// Colours come from the page's style, so that charts and text can never differ.
let colours = {};

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["card", "ink", "soft", "rule", "strategy", "benchmark", "up", "down", "area", "third", "amber-rule"];
  colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  colours.font = getComputedStyle(document.body).fontFamily;
}

const isNarrow = () => document.documentElement.clientWidth < 640;

// What all charts have in common.
function base(extra) {
  return {
    animation: false,
    useUTC: true,
    textStyle: { fontFamily: colours.font, color: colours.ink },
    tooltip: {
      trigger: "axis",
      confine: true,
      transitionDuration: 0,
      padding: 0,
      borderWidth: 0,
      backgroundColor: "transparent",
      extraCssText: "box-shadow:none",
      axisPointer: { type: "line", lineStyle: { color: colours.soft, width: 1, type: "dashed" }, label: { show: false } },
    },
    ...extra,
  };
}

function axisStyle(format) {
  return {
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: colours.soft, fontSize: 12, formatter: format, hideOverlap: true },
    splitLine: { show: true, lineStyle: { color: colours.rule, width: 1 } },
  };
}

function valueAxis(format, extra) {
  return { type: "value", scale: true, splitNumber: 4, ...axisStyle(format), ...extra };
}

function categoryAxis(labels, extra) {
  const style = axisStyle();
  return {
    type: "category",
    data: labels,
    ...style,
    axisLine: { show: true, onZero: false, lineStyle: { color: colours.rule } },
    splitLine: { show: false },
    ...extra,
  };
}

function axisName(text) {
  return { name: text, nameTextStyle: { color: colours.soft, fontSize: 12 }, nameLocation: "middle" };
}
