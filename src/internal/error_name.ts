import { describeNonError, isError, UNREADABLE_ERROR } from "./describe_error.ts";

/**
 * The name of a thrown value, which holds none of its data: the `name` of an error or, where that is the
 * "Error" that every class inherits, the name of its class. Anything else is named by its type. Never
 * throws.
 */
export function errorNameOf(error: unknown): string {
  try {
    if (!isError(error)) return describeNonError(error);
    const { name, constructor }: { readonly name: unknown; readonly constructor: unknown } = error;
    if (typeof name === "string" && name !== "" && name !== "Error") return name;
    const className: unknown = typeof constructor === "function" ? constructor.name : undefined;
    return typeof className === "string" && className !== "" ? className : "Error";
  } catch {
    return UNREADABLE_ERROR;
  }
}

/** The message of an error, or a thrown string itself; `undefined` for anything else. */
export function errorMessageOf(error: unknown): unknown {
  if (typeof error === "string") return error;
  return isError(error) ? error.message : undefined;
}
