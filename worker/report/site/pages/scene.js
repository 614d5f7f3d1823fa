"use strict";

/* The cameras around the object and its points, in 3D. */
gallery.scene = (() => {
  const BOX = [[0, 1], [0, 2], [1, 3], [2, 3], [4, 5], [4, 6], [5, 7], [6, 7],
    [0, 4], [1, 5], [2, 6], [3, 7]];
  const CHOSEN = 0xf0781e;
  const REACH = 0.16; // a frustum's length, as a share of the scene's size

  function bytes(text) {
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  }

  function pointsOf(cloud) {
    const grid = new Uint16Array(bytes(cloud.xyz).buffer);
    const place = new Float32Array(grid.length);
    grid.forEach((value, at) => {
      place[at] = cloud.low[at % 3] + (value / 65535) * cloud.size[at % 3];
    });
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.BufferAttribute(place, 3));
    geometry.setAttribute("color", linear(bytes(cloud.rgb)));
    return geometry;
  }

  /** sRGB bytes as the linear colours that three.js draws with. */
  function linear(rgb) {
    const colour = new THREE.Color();
    const made = new Float32Array(rgb.length);
    for (let at = 0; at < rgb.length; at += 3) {
      colour.setRGB(rgb[at] / 255, rgb[at + 1] / 255, rgb[at + 2] / 255, "srgb").toArray(made, at);
    }
    return new THREE.BufferAttribute(made, 3);
  }

  /** The lines of a camera: its frame, and what joins it to the place it looks from. */
  function frustum(camera, reach) {
    const { pose, K, width, height } = camera;
    const flat = camera.projection === "orthographic";
    const corner = (u, v) => {
      const x = (u - K[0][2]) / K[0][0];
      const y = -(v - K[1][2]) / K[1][1];
      return flat ? [x, y, -reach] : [x * reach, y * reach, -reach];
    };
    const world = ([x, y, z]) => pose.map((row) => row[0] * x + row[1] * y + row[2] * z + row[3]);
    const frame = [[0, 0], [width, 0], [width, height], [0, height]].map(([u, v]) => corner(u, v));
    const from = flat ? frame.map(([x, y]) => [x, y, 0]) : frame.map(() => [0, 0, 0]);
    const above = corner(width / 2, -0.22 * height);
    const lines = [];
    frame.forEach((point, at) => {
      lines.push(from[at], point, point, frame[(at + 1) % 4]);
    });
    lines.push(frame[0], above, above, frame[1]); // which side is up
    return lines.flatMap(world);
  }

  function lines(numbers, colour, opacity) {
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.BufferAttribute(new Float32Array(numbers), 3));
    return new THREE.LineSegments(geometry,
      new THREE.LineBasicMaterial({ color: colour, transparent: opacity < 1, opacity }));
  }

  function boxLines([low, high]) {
    const corner = (at) => [0, 1, 2].map((axis) => ((at >> (2 - axis)) & 1 ? high : low)[axis]);
    return BOX.flatMap(([a, b]) => [...corner(a), ...corner(b)]);
  }

  /** The middle and the radius of what is drawn. */
  function extent(data) {
    const middle = data.box ? data.box[0].map((low, axis) => (low + data.box[1][axis]) / 2) : [0, 0, 0];
    const far = (point) => Math.hypot(...point.map((value, axis) => value - middle[axis]));
    const radius = data.box ? far(data.box[1]) : 0.5;
    const places = data.cameras.map(({ pose }) => far(pose.map((row) => row[3])));
    return { middle, radius: Math.max(radius, ...places.filter(Number.isFinite), 1e-3) };
  }

  /**
   * Draw into `canvas`; the answer selects a camera by its name and ends the drawing.
   * Throws where the browser has no WebGL.
   */
  function draw(canvas, data) {
    const renderer = new THREE.WebGLRenderer({ canvas, antialias: true, alpha: true,
      preserveDrawingBuffer: true });
    const scene = new THREE.Scene();
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const { middle, radius } = extent(data);
    const eye = new THREE.PerspectiveCamera(38, 1, radius / 500, radius * 50);
    eye.up.set(0, 0, 1);
    eye.position.set(middle[0] + 1.35 * radius, middle[1] - 1.9 * radius, middle[2] + 1.1 * radius);
    const controls = new THREE.OrbitControls(eye, canvas);
    controls.target.set(...middle);
    controls.enablePan = false;
    if (data.points) {
      scene.add(new THREE.Points(pointsOf(data.points),
        new THREE.PointsMaterial({ size: 2.5 * devicePixelRatio, sizeAttenuation: false, vertexColors: true })));
    }
    if (data.box) scene.add(lines(boxLines(data.box), dark ? 0x9aa4b2 : 0x7b8494, 0.45));
    const reach = REACH * radius;
    scene.add(lines(data.cameras.flatMap((camera) => frustum(camera, reach)), dark ? 0x7d8aa0 : 0x8a94a6, 0.75));
    let chosen = null;
    const paint = gallery.once(() => {
      if (!canvas.isConnected) return;
      const { clientWidth: width, clientHeight: height } = canvas;
      if (width === 0 || height === 0) return;
      renderer.setPixelRatio(devicePixelRatio);
      renderer.setSize(width, height, false);
      eye.aspect = width / height;
      eye.updateProjectionMatrix();
      renderer.render(scene, eye);
      canvas.dataset.drawn = "yes";
    });
    controls.addEventListener("change", paint);
    const sizes = new ResizeObserver(paint);
    sizes.observe(canvas);
    controls.update();
    paint();

    return {
      select(name) {
        const camera = data.cameras.find((each) => each.name === name);
        if (chosen) {
          scene.remove(chosen);
          chosen.geometry.dispose();
        }
        chosen = camera ? lines(frustum(camera, reach), CHOSEN, 1) : null;
        if (chosen) {
          // Over the grey lines of the same camera, whichever is nearer.
          chosen.material.transparent = true;
          chosen.material.depthTest = false;
          chosen.renderOrder = 1;
          scene.add(chosen);
        }
        paint();
      },
      turn(x, y) {
        const offset = new THREE.Vector3().subVectors(eye.position, controls.target);
        offset.applyAxisAngle(new THREE.Vector3(0, 0, 1), x);
        const side = new THREE.Vector3().crossVectors(eye.up, offset).normalize();
        const turned = offset.clone().applyAxisAngle(side, y);
        if (Math.abs(turned.z) < 0.98 * turned.length()) offset.copy(turned);
        eye.position.copy(controls.target).add(offset);
        controls.update();
        paint();
      },
      end() {
        sizes.disconnect();
        controls.dispose();
        renderer.dispose();
        renderer.forceContextLoss();
      },
    };
  }

  return { draw };
})();
