"use strict";

/* Histograms as small SVGs. */
gallery.charts = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 240;
  const HEIGHT = 64;
  const BINS = 24;

  function svg(tag, attributes, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  /** Values as counts in equal bins, of their logarithm if they spread over much. */
  function binned(values, limits) {
    const low = limits ? limits[0] : values.reduce((a, b) => Math.min(a, b), Infinity);
    const high = limits ? limits[1] : values.reduce((a, b) => Math.max(a, b), -Infinity);
    const log = !limits && low >= 0 && high / Math.max(low, 1e-9) > 50;
    const floor = log ? Math.max(low, high / 1e7, 1e-9) : low;
    const to = log ? (value) => Math.log(Math.max(value, floor)) : (value) => value;
    const back = log ? Math.exp : (value) => value;
    const span = to(high) - to(low) || 1;
    const bins = new Array(BINS).fill(0);
    for (const value of values) {
      const bin = Math.floor(((to(value) - to(low)) / span) * BINS);
      bins[Math.min(BINS - 1, Math.max(0, bin))] += 1;
    }
    const edge = (number) => back(to(low) + (span * number) / BINS);
    return { bins, low, high, log, edge };
  }

  function median(values) {
    const sorted = Float64Array.from(values).sort();
    const half = sorted.length >> 1;
    return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  /** A histogram, and a sentence that says the same; `show` writes a value. */
  function histogram(title, values, show, limits) {
    const { bins, low, high, log, edge } = binned(values, limits);
    const most = Math.max(...bins, 1);
    const step = WIDTH / BINS;
    const bars = bins.map((count, number) => {
      const height = count ? Math.max(1.5, (HEIGHT * count) / most) : 0;
      const bar = svg("rect", {
        x: number * step + 0.5, y: HEIGHT - height, width: step - 1, height, rx: 1,
      });
      bar.append(svg("title", {}, `${show(edge(number))} to ${show(edge(number + 1))}: ${count}`));
      return bar;
    });
    const middle = values.length ? median(values) : 0;
    const words = values.length
      ? `${title}: ${values.length} values from ${show(low)} to ${show(high)}, median ${show(middle)}`
      : `${title}: no values`;
    const picture = svg(
      "svg",
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "bars", role: "img", "aria-label": words,
        preserveAspectRatio: "none" },
      ...bars,
    );
    return { picture, low, high, log, middle };
  }

  return { histogram };
})();
