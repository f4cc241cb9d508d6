import { type DestinationStream, type Logger, pino } from "pino";
import { maskSecrets } from "./redaction.js";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";

/** What the project logs with. Without `child`, whose bindings pino does not hand to the mask. */
export type Log = Pick<Logger, "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "flush">;

/** @param stream  where lines go; standard output where absent */
export interface LoggerOptions {
  readonly level: LogLevel;
  readonly stream?: DestinationStream;
}

/**
 * A logger of JSON lines that shows no credential: keys such as `password`, `authorization`, `auth`, `token`, `secret`
 * or `.dockerconfigjson` are masked wherever they stand, and errors are cut down to code, message, stack and causes.
 */
export function createLogger(options: LoggerOptions): Log {
  const settings = {
    level: options.level,
    base: null,
    // The mask has cut errors down already; pino's own serialiser would join the messages of all causes.
    serializers: { err: (error: unknown) => error },
    formatters: {
      level: (label: string) => ({ level: label }),
      log: maskSecrets,
    },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  return options.stream === undefined ? pino(settings) : pino(settings, options.stream);
}
