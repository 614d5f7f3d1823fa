// What worker/report/site/pages/scene.js uses. A page opened from file:// cannot load modules, and
// three.js publishes nothing else, so `npm run build` makes a classic script of it.
export {
  BufferAttribute, BufferGeometry, Color, LineBasicMaterial, LineSegments, PerspectiveCamera,
  Points, PointsMaterial, Scene, Vector3, WebGLRenderer, REVISION,
} from "three";
export { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";
