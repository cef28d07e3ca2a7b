// Drawing: one chart out of columns, the prices above, then the score, then a pane for each indicator that wants one.

import { isRunning, nameBar } from "./chart_periods.js";
import { compact, money, number, score } from "./formats.js";

export const AVERAGES = ["average-1", "average-2", "average-3"];
export const SERIES = ["series-1", "series-2", "series-3", "series-4", "series-5", "series-6"];
const INKS = ["ink", "ink-soft", "line", "line-strong", "up", "down", ...AVERAGES, ...SERIES];
const LEVELS = { target: "Target", entry: "Entry", stop: "Stop" };
const LETTER_WIDTH = 9; // pixels
const CLEAR = "rgba(0, 0, 0, 0)";
const QUIET = { priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false };

/** A chart in `box` of `data`, and of `indicators` in their order; `stock` says how its prices are written. */
export function drawChart(box, data, indicators, stock) {
  const { LightweightCharts: library } = window;
  const colors = readPalette();
  const chart = library.createChart(box, makeOptions(library, colors, data.period));
  const to = { chart, library, colors, stock, data };
  drawVolume(to);
  const candles = drawCandles(to);
  Object.values(data.averages).forEach((values, n) => drawLine(to, values, AVERAGES[n], "price", 0));
  drawLevels(to, candles);
  drawEvents(to);
  drawScore(to);
  drawIndicators(to, indicators);
  chart.panes().forEach((pane, n) => pane.setStretchFactor(n ? 1 : 4));
  return chart;
}

/** How a value of a scale is written: prices as the stock's, volumes in words, other numbers by their size. */
export function chooseFormat(scale, stock, values) {
  if (scale === "price") return (value) => number(value, stock.decimals);
  if (scale === "volume") return (value) => compact(value, stock.currency);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value ?? 0)), 0);
  const decimals = largest < 0.1 ? 4 : largest < 10 ? 3 : 2;
  return (value) => number(value, decimals);
}

function makeOptions(library, colors, period) {
  return {
    autoSize: true,
    layout: {
      attributionLogo: false,
      background: { type: library.ColorType.Solid, color: "transparent" },
      textColor: colors["ink-soft"],
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 11,
      panes: { separatorColor: colors.line, separatorHoverColor: colors.line, enableResize: false },
    },
    grid: { vertLines: { visible: false }, horzLines: { color: colors.line } },
    crosshair: { mode: library.CrosshairMode.Normal },
    rightPriceScale: { borderVisible: false },
    timeScale: { borderColor: colors.line, rightOffset: 6, minBarSpacing: 0.3 },
    handleScroll: { vertTouchDrag: false },
    localization: { timeFormatter: (session) => nameBar(period, session) },
  };
}

function drawCandles({ chart, library, colors, stock, data }) {
  // Hollow where it rose, filled where it fell: colour is not the only sign.
  const candles = chart.addSeries(library.CandlestickSeries, {
    upColor: CLEAR,
    borderUpColor: colors.up,
    wickUpColor: colors.up,
    downColor: colors.down,
    borderDownColor: colors.down,
    wickDownColor: colors.down,
    priceLineVisible: false,
    lastValueVisible: false,
    priceFormat: makePriceFormat((value) => money(value, stock.currency, stock.decimals), 10 ** -stock.decimals),
  });
  candles.setData(
    data.session.map((time, n) => ({
      time, open: data.open[n], high: data.high[n], low: data.low[n], close: data.close[n],
      ...(isRunning(data, n) ? fadeCandle(data, n, colors) : {}),
    })),
  );
  candles.priceScale().applyOptions({ scaleMargins: { top: 0.06, bottom: 0.22 } });
  return candles;
}

/** The colours of a candle of a week or month so far. */
function fadeCandle(data, n, colors) {
  const color = fade(data.close[n] < data.open[n] ? colors.down : colors.up);
  return { color: data.close[n] < data.open[n] ? color : CLEAR, borderColor: color, wickColor: color };
}

/** A colour, as the browser computes it, half as strong. */
function fade(color) {
  return color.replace(/^rgb\((.*)\)$/, "rgba($1, 0.5)");
}

function drawVolume({ chart, library, colors, stock, data }) {
  const volume = chart.addSeries(library.HistogramSeries, {
    ...QUIET,
    priceScaleId: "volume",
    color: colors["line-strong"],
    priceFormat: makePriceFormat(chooseFormat("volume", stock, data.volume), 1),
  });
  volume.setData(
    makePoints(data.session, data.volume).map((point, n) =>
      isRunning(data, n) ? { ...point, color: fade(colors["line-strong"]) } : point,
    ),
  );
  volume.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
}

function drawLevels({ library, colors, data }, candles) {
  for (const [key, title] of Object.entries(LEVELS)) {
    if (!(key in data.levels)) continue;
    candles.createPriceLine({
      price: data.levels[key],
      title,
      color: colors["ink-soft"],
      lineWidth: 1,
      lineStyle: key === "entry" ? library.LineStyle.Dotted : library.LineStyle.Dashed,
      axisLabelVisible: true,
    });
  }
}

/** D for a dividend and S for a split, on a scale of their own between candles and volume. */
function drawEvents({ chart, library, colors, data }) {
  if (!data.events.length) return;
  const strip = chart.addSeries(library.LineSeries, { ...QUIET, priceScaleId: "events", lineVisible: false });
  strip.setData(data.session.map((time) => ({ time, value: 0 })));
  strip.priceScale().applyOptions({ scaleMargins: { top: 0.79, bottom: 0.2 } });
  const drawn = library.createSeriesMarkers(strip, []);
  let letters = null;
  const letter = () => {
    const fit = chart.timeScale().options().barSpacing * usualGap(data) >= LETTER_WIDTH;
    if (fit === letters) return;
    letters = fit;
    drawn.setMarkers(findEventMarks(data, colors, fit));
  };
  chart.timeScale().subscribeVisibleLogicalRangeChange(letter);
  letter();
}

/** One mark for each session with events: letters, or a dot for a dividend where letters would overlap. */
function findEventMarks(data, colors, fit) {
  const texts = new Map();
  for (const { session, split } of data.events.toReversed()) {
    texts.set(session, `${texts.get(session) ?? ""}${split ? "S" : fit ? "D" : "·"}`);
  }
  return [...texts].map(([time, text]) => ({
    time, position: "inBar", shape: "circle", size: 0, text, color: colors[text.includes("S") ? "ink" : "ink-soft"],
  }));
}

/** The middle of the numbers of sessions from one dividend to the next. */
function usualGap(data) {
  const rows = data.events.filter((event) => !event.split).map((event) => data.session.indexOf(event.session));
  const gaps = rows.slice(1).map((row, n) => rows[n] - row).sort((a, b) => a - b);
  return gaps.length ? gaps[Math.floor(gaps.length / 2)] : Infinity;
}

function drawScore({ chart, library, colors, data }) {
  const line = chart.addSeries(
    library.BaselineSeries,
    {
      baseValue: { type: "price", price: 0 },
      topLineColor: colors.up,
      topFillColor1: CLEAR,
      topFillColor2: CLEAR,
      bottomLineColor: colors.down,
      bottomFillColor1: CLEAR,
      bottomFillColor2: CLEAR,
      lineWidth: 1,
      priceLineVisible: false,
      lastValueVisible: data.score.at(-1) !== null,
      autoscaleInfoProvider: () => ({ priceRange: { minValue: -100, maxValue: 100 } }),
      priceFormat: makePriceFormat((value) => score(value), 1),
    },
    1,
  );
  line.setData(makePoints(data.session, data.score));
  line.priceScale().applyOptions({ scaleMargins: { top: 0.1, bottom: 0.28 } });
  // The marks stand on a scale of their own at the foot of the pane, next to the time axis.
  const foot = chart.addSeries(library.LineSeries, { ...QUIET, priceScaleId: "marks", lineVisible: false }, 1);
  foot.setData(data.session.map((time) => ({ time, value: 0 })));
  foot.priceScale().applyOptions({ scaleMargins: { top: 0.9, bottom: 0.06 } });
  library.createSeriesMarkers(foot, findMarks(data, colors));
}

/** One mark for each session whose verdict is another than the one before. */
function findMarks(data, colors) {
  const found = [];
  data.verdict.forEach((verdict, n) => {
    if (verdict === null || !n || data.verdict[n - 1] === null || verdict === data.verdict[n - 1]) return;
    const [shape, color] =
      verdict > 0 ? ["arrowUp", "up"] : verdict < 0 ? ["arrowDown", "down"] : ["circle", "ink-soft"];
    found.push({ time: data.session[n], position: "inBar", shape, color: colors[color], size: verdict ? 1 : 0.5 });
  });
  return found;
}

function drawIndicators(to, indicators) {
  let pane = 1;
  let ink = 0;
  for (const indicator of indicators) {
    if (indicator.place === "pane") pane += 1;
    for (const line of indicator.lines) {
      line.ink = SERIES[ink++ % SERIES.length];
      line.write = chooseFormat(indicator.scale, to.stock, line.values);
      drawLine(to, line.values, line.ink, indicator.scale, indicator.place === "pane" ? pane : 0, line.is_bars);
    }
  }
}

function drawLine({ chart, library, colors, stock, data }, values, ink, scale, pane, isBars = false) {
  const kind = isBars ? library.HistogramSeries : library.LineSeries;
  const minMove = scale === "price" ? 10 ** -stock.decimals : 0.0001;
  const format = makePriceFormat(chooseFormat(scale, stock, values), minMove);
  const line = chart.addSeries(kind, { ...QUIET, color: colors[ink], lineWidth: 1, priceFormat: format }, pane);
  line.setData(makePoints(data.session, values));
}

function makePriceFormat(write, minMove) {
  return { type: "custom", formatter: write, minMove };
}

function makePoints(session, values) {
  return session.map((time, n) => (values[n] === null ? { time } : { time, value: values[n] }));
}

function readPalette() {
  const probe = document.createElement("span");
  document.body.append(probe);
  const colors = Object.fromEntries(
    INKS.map((name) => {
      probe.style.color = `var(--${name})`;
      return [name, getComputedStyle(probe).color];
    }),
  );
  probe.remove();
  return colors;
}
