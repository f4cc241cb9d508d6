export { type Outside, startOutside } from "./outside.js";
