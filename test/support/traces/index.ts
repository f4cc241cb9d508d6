export { receivingTraces, type SpanView } from "./receiver.js";
