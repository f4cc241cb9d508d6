export { containersImageDialect } from "./dialect.js";
