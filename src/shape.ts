/**
 * Says what kind of value was given, without giving the value away: an error's text goes into
 * logs, and the value may be a message's body, a receipt handle or a credential.
 */
export function shapeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  switch (typeof value) {
    case "undefined":
      return "undefined";
    case "number":
    case "boolean":
      return String(value);
    case "string":
      return value === "" ? "an empty string" : "a string";
    case "object":
      return shapeOfObject(value);
    default:
      return `a ${typeof value}`;
  }
}

/**
 * Says only of what type a value is. For a value that may be a message's body, or part of it: there
 * the names of its members, and its numbers, are data too.
 */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "undefined") return "undefined";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function shapeOfObject(value: object): string {
  const keys = Object.keys(value);
  if (keys.length === 0) return "an object without keys";
  const shown = keys.slice(0, 5).join(", ");
  return `an object with ${shown}${keys.length > 5 ? ` and ${keys.length - 5} more` : ""}`;
}

/** Is it an object that one can read members from? */
export function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null;
}
