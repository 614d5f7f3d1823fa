"use strict";

/* The data's way in, and small tools: every text that was read reaches the page as text. */
window.gallery = (() => {
  const received = new Map();
  const loading = new Map();
  const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

  /** Take what a data script hands over: JSON, which is parsed as data and never run. */
  function receive(kind, which, json) {
    received.set(`${kind}/${which}`, JSON.parse(json));
  }

  /** Load a script of data once; a promise of what it hands over. */
  function load(kind, which, source) {
    const name = `${kind}/${which}`;
    if (!loading.has(name)) {
      loading.set(name, script(source).then(() => {
        if (!received.has(name)) throw new Error(`${source} has no ${name}`);
        return received.get(name);
      }));
    }
    return loading.get(name);
  }

  const scripts = new Map();

  /** Load a script file once; a promise. */
  function script(source) {
    if (!scripts.has(source)) {
      scripts.set(source, new Promise((done, failed) => {
        const element = document.createElement("script");
        element.src = source;
        element.onload = () => done();
        element.onerror = () => failed(new Error(`${source} cannot be loaded`));
        document.head.append(element);
      }));
    }
    return scripts.get(source);
  }

  /** An element with attributes and children; texts become text nodes. */
  function el(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === undefined || value === null || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value === true ? "" : String(value));
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
  }

  /** A name as one line: control characters and marks of direction are shown, not obeyed. */
  function line(text) {
    return String(text).replace(HIDDEN, "\ufffd");
  }

  /** A name in an element that keeps its direction to itself. */
  function name(text) {
    return el("bdi", {}, line(text));
  }

  const numbers = new Intl.NumberFormat("en");
  const count = (value) => numbers.format(value);
  const counted = (value, what) => `${count(value)} ${what}${value === 1 ? "" : "s"}`;
  const share = (value) => `${(100 * value).toFixed(value >= 0.0005 && value < 0.1 ? 1 : 0)} %`;

  function seconds(value) {
    if (value < 0.1) return `${Math.round(1000 * value)} ms`;
    return value < 100 ? `${value.toPrecision(2)} s` : `${count(Math.round(value))} s`;
  }

  function bytes(value) {
    if (value < 1e3) return `${Math.round(value)} B`;
    return value < 1e6 ? `${(value / 1e3).toFixed(0)} kB` : `${(value / 1e6).toFixed(1)} MB`;
  }

  /** Run `work` once before the next frame, however often it is asked for. */
  function once(work) {
    let asked = false;
    return () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        work();
      });
    };
  }

  const pad = (number) => String(number).padStart(5, "0");
  const files = {
    set: "data/set.js",
    pack: (number) => `data/pack-${pad(number)}.js`,
    details: (number) => `data/details-${pad(number)}.js`,
    thumbnails: (number) => `data/thumbnails-${pad(number)}.webp`,
    object: (uid) => `objects/${uid}/object.js`,
  };

  return {
    receive, load, script, el, line, name, count, counted, share, seconds, bytes, once, files,
  };
})();
