import { Option } from "commander";

/** What may be said of the nodes' own credentials, for help texts. */
export const nodeCredentialsHelp =
  "registry credentials the nodes hold themselves or get from credential providers: none, unknown, or those in a Docker config.json or Secret manifest";

/** An option that may be given several times; its values in the order given. */
export function repeatable(flags: string, description: string): Option {
  const gather = (value: string, before: unknown): readonly string[] => [
    ...(Array.isArray(before) ? before : []),
    value,
  ];
  return new Option(flags, description).argParser(gather);
}
