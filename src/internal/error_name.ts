import { isError } from "./describe_error.ts";
import { typeNameOnly } from "./shape.ts";

/**
 * The name of a thrown value, which holds none of its data: the `name` of an error or, where that is the
 * "Error" that every class inherits, the name of its class. Anything else is named by its type. Never
 * throws.
 */
export function errorNameOf(error: unknown): string {
  try {
    if (!isError(error)) return `${typeNameOnly(error)} was thrown`;
    const { name, constructor }: { readonly name: unknown; readonly constructor: unknown } = error;
    if (typeof name === "string" && name !== "" && name !== "Error") return name;
    const className: unknown = typeof constructor === "function" ? constructor.name : undefined;
    return typeof className === "string" && className !== "" ? className : "Error";
  } catch {
    return "an error that cannot be read was thrown";
  }
}

/** The message of a thrown value: that of an error, or a thrown string itself; `undefined` if it has none. */
export function errorMessageOf(error: unknown): unknown {
  if (typeof error === "string") return error;
  return isError(error) ? error.message : undefined;
}
