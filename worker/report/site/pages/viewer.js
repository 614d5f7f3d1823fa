"use strict";

/* The views of an object: one picture large, a slider over the views, every kind below. */
gallery.viewer = (() => {
  const { el, line, counted } = gallery;
  const LABELS = {
    "colour": "colour", "colour-exr": "colour (EXR)", "depth": "depth", "depth-exr": "depth (EXR)",
    "depth-npy": "depth (NPY)", "depth-f16": "depth (float16)", "normal": "normals",
    "normal-16": "normals (16 bits)", "normal-exr": "normals (EXR)", "albedo": "albedo",
    "alpha": "opacity", "metallic": "metallic", "roughness": "roughness", "mask": "mask",
    "index-object": "objects", "index-material": "materials", "position-exr": "positions",
    "picture": "picture",
  };

  /** The viewer of `views`, of `of` views; `selected` is called with the name of each shown. */
  function make(title, views, of, selected) {
    const kinds = Object.keys(views[0].pictures);
    let at = 0;
    let kind = kinds[0];
    const large = el("img", { class: "large", decoding: "async" });
    const note = el("p", { class: "quiet", role: "status" });
    const slider = el("input", {
      type: "range", min: 0, max: views.length - 1, value: 0, "aria-label": "View",
      oninput: () => show(Number(slider.value), kind),
    });
    const buttons = kinds.map((each) => {
      const image = el("img", { decoding: "async", loading: "lazy" });
      return el("button", {
        type: "button", class: "kind", "data-kind": each, onclick: () => show(at, each),
      }, image, el("span", {}, LABELS[each] || each));
    });
    const strip = el("div", { class: "kinds", role: "group", "aria-label": "Image kinds" }, buttons);
    const counter = el("output", { class: "number" });
    const more = of > views.length ? ` (${views.length} of ${counted(of, "view")} are here)` : "";

    function alt(view, each) {
      return `${line(title)}: ${LABELS[each] || each}, view ${line(view.name)}`;
    }

    function show(number, wanted) {
      at = Math.max(0, Math.min(views.length - 1, number));
      kind = wanted;
      const view = views[at];
      const picture = view.pictures[kind];
      large.alt = alt(view, kind);
      large.width = picture.width;
      large.height = picture.height;
      large.src = picture.file;
      slider.value = at;
      slider.setAttribute("aria-valuetext", `view ${view.name}, ${at + 1} of ${views.length}`);
      counter.textContent = `${at + 1} / ${views.length}`;
      note.textContent = `${LABELS[kind] || kind}, ${picture.width} × ${picture.height}`
        + `${picture.note ? `: ${picture.note}` : ""}`;
      buttons.forEach((button, place) => {
        const image = button.firstChild;
        const source = view.pictures[kinds[place]].file;
        if (image.getAttribute("src") !== source) image.src = source;
        image.alt = alt(view, kinds[place]);
        button.setAttribute("aria-pressed", kinds[place] === kind);
      });
      for (const near of [views[at + 1], views[at - 1]]) {
        if (near) new Image().src = near.pictures[kind].file;
      }
      selected(view.name);
    }

    const element = el("section", { class: "viewer", "aria-label": "Views" },
      el("div", { class: "stage" }, large),
      el("div", { class: "slide" }, slider, counter),
      note, strip, more ? el("p", { class: "quiet" }, `Views${more}.`) : null);
    show(0, kind);
    return {
      element,
      step(views_, kinds_) {
        const place = (kinds.indexOf(kind) + kinds_ + kinds.length) % kinds.length;
        show((at + views_ + views.length) % views.length, kinds[place]);
      },
    };
  }

  return { make };
})();
