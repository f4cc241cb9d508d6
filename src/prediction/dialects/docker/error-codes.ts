import { z } from "zod";
import type { RegistryResponse } from "../../../registry/index.js";
import { parseJson } from "../reading.js";

const errorBody = z.object({
  errors: z.array(
    z.object({ code: z.string().catch(""), message: z.string().catch(""), detail: z.unknown().optional() }),
  ),
});

/** A message that only repeats these makes the error one without a kind, which dockerd then does not know again. */
const ownWords: Readonly<Record<string, string>> = {
  DENIED: "requested access to the resource is denied",
  MANIFEST_UNKNOWN: "manifest unknown",
  NAME_UNKNOWN: "repository name not known to registry",
};

/**
 * The codes in an error answer that dockerd tells apart: those with a message or detail of their own.
 * Source: `errcode.Errors.UnmarshalJSON`, distribution v2.8 registry/api/errcode/errors.go.
 */
export function errorCodes({ body }: RegistryResponse): readonly string[] {
  if (body === undefined) return [];
  const parsed = errorBody.safeParse(parseJson(body));
  if (!parsed.success) return [];
  return parsed.data.errors
    .filter(({ code, message, detail }) => {
      const plain = detail === undefined || detail === null;
      return !plain || (message !== "" && message !== ownWords[code]);
    })
    .map(({ code }) => code);
}
