/**
 * Describes a value that was refused, without giving it away: error texts reach logs, and the value
 * may be a message body, a receipt handle or a credential.
 */
export function describeShape(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of length ${value.length}`;
  switch (typeof value) {
    case "undefined":
      return "undefined";
    case "number":
    case "boolean":
      return String(value);
    case "string":
      return value === "" ? "an empty string" : "a string";
    case "object":
      return describeKeys(value);
    default:
      return `a ${typeof value}`;
  }
}

/**
 * Names a value's type and nothing else. For values that may be part of a message body, where even
 * the keys and the numbers are data.
 */
export function typeNameOnly(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "undefined") return "undefined";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function describeKeys(value: object): string {
  const keys = Object.keys(value);
  if (keys.length === 0) return "an object without keys";
  const shown = keys.slice(0, 5).join(", ");
  return `an object with ${shown}${keys.length > 5 ? ` and ${keys.length - 5} more` : ""}`;
}

/** Whether a value is an object whose members can be read. */
export function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null;
}
