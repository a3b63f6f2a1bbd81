/**
 * Applies a diff that has no line numbers: what each part of it changes must be in the text once.
 *
 * @throws {Error} If it is not there, or more than once.
 */
export function applyDiff(text: string, diff: string): string {
  const parts = diff.replace(/^#.*\n/, "").split(/^@@.*\n/m);
  return parts.reduce((changed, part) => {
    const lines = part.trimEnd().split("\n");
    const without = (sign: string) =>
      lines.filter((line) => !line.startsWith(sign)).map((line) => `${line.slice(1)}\n`).join("");
    const found = changed.split(without("+"));
    if (found.length !== 2) {
      throw new Error(
        `Cannot change this, it is there ${found.length - 1} times:\n${without("+")}`,
      );
    }
    return found.join(without("-"));
  }, text);
}
