export { dockerDialect } from "./dialect.js";
