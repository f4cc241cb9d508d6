import { InvalidArgumentError, Option } from "commander";

/** An option that may be given several times; its values in order. */
export function repeatable(flags: string, description: string): Option {
  const gather = (value: string, before: unknown): readonly string[] => [
    ...(Array.isArray(before) ? before : []),
    value,
  ];
  return new Option(flags, description).argParser(gather);
}

/** @throws InvalidArgumentError for anything but a whole number above 0, with five digits at most */
export function wholeNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError("It must be a whole number above 0.");
}

/** What may be said of the nodes' own credentials, for help texts. */
export const nodeCredentialsHelp =
  "registry credentials the nodes hold themselves or get from credential providers: none, unknown, or those in a Docker config.json or Secret manifest";
