export { containerdDialect } from "./containerd.js";
