"use strict";

/* The filters: a group of boxes for each facet, and ranges with their histograms. */
gallery.filters = (() => {
  const { el, line, count } = gallery;
  const { rows } = gallery;
  const FEW = 8;
  const TITLES = {
    outcome: "Outcome", code: "Failure code", format: "Format", license: "Licence",
    preset: "Preset", source: "Source", remarks: "Remarks",
  };
  const RANGES = { coverage: "Coverage", brightness: "Brightness" };
  const STEPS = 100;
  const opened = new Set();
  let home = null;
  let changed = () => {};

  function box(facet, value, number) {
    const id = `f-${facet}-${value}`;
    const input = el("input", {
      type: "checkbox", "data-facet": facet, "data-value": value,
      onchange: () => {
        rows.choose(facet, value, input.checked);
        changed();
      },
    });
    input.checked = rows.isChosen(facet, value);
    input.dataset.id = id;
    const none = number === 0 && !input.checked ? "none" : undefined;
    return el("label", { class: none }, input, el("bdi", { class: "value" }, line(value)),
      el("span", { class: "number" }, count(number)));
  }

  function group(facet) {
    const values = rows.counts(facet);
    if (values.length === 0 || (values.length === 1 && facet !== "code" && facet !== "remarks"
      && !rows.isChosen(facet, values[0][0]))) return null;
    const open = opened.has(facet);
    const first = values.filter(([value], place) => open || place < FEW
      || rows.isChosen(facet, value));
    const field = el("fieldset", { "data-facet": facet }, el("legend", {}, TITLES[facet]),
      first.map(([value, number]) => box(facet, value, number)));
    if (first.length < values.length) {
      field.append(el("button", {
        type: "button", class: "more",
        onclick: () => {
          opened.add(facet);
          draw();
        },
      }, `${count(values.length - first.length)} more`));
    }
    return field;
  }

  function range(key) {
    const values = rows.values(key);
    if (values.length === 0) return null;
    const { picture } = gallery.charts.histogram(RANGES[key], values,
      (value) => value.toFixed(2), [0, 1]);
    const [low, high] = rows.rangeOf(key) || [0, 1];
    const text = el("output", { class: "number" });
    const inputs = [["Least", low], ["Greatest", high]].map(([word, value]) => el("input", {
      type: "range", min: 0, max: STEPS, value: Math.round(value * STEPS),
      "aria-label": `${word} ${RANGES[key].toLowerCase()}, in percent`, "data-range": key,
      oninput: () => {
        say();
        const [a, b] = limits();
        rows.range(key, a <= 0 && b >= 1 ? null : [a, b]);
        changed(true);
      },
    }));
    const limits = () => inputs.map((input) => Number(input.value) / STEPS)
      .sort((a, b) => a - b);
    const say = () => { text.textContent = limits().map((v) => v.toFixed(2)).join(" to "); };
    say();
    return el("fieldset", { "data-facet": key }, el("legend", {}, RANGES[key], " ", text),
      picture, el("div", { class: "ranges" }, inputs));
  }

  function draw() {
    const focused = document.activeElement?.dataset?.id;
    const parts = [
      group("outcome"), group("code"), range("coverage"), range("brightness"), group("remarks"),
      group("format"), group("license"), group("preset"), group("source"),
    ];
    const clear = el("button", {
      type: "button", id: "clear", class: "plain", disabled: !rows.filtered(),
      onclick: () => {
        rows.clear();
        document.getElementById("search").value = "";
        changed();
      },
    }, "Clear all filters");
    home.replaceChildren(...parts.filter(Boolean), clear);
    if (focused) {
      [...home.querySelectorAll("input")].find((input) => input.dataset.id === focused)?.focus();
    }
  }

  function start(element, onChange) {
    home = element;
    changed = onChange;
  }

  return { start, draw };
})();
