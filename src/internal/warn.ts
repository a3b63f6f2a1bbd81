import { describeError } from "./describe_error.ts";
import { nodeProcess } from "./node_process.ts";

/** Shows a warning of the process, which Lambda writes to the log. */
export function warn(text: string, more: { readonly detail?: string } = {}): void {
  nodeProcess().emitWarning(text, { type: "PartialBatchWarning", ...more });
}

/** Makes a function that warns of the first error it is given, and of no other. */
export function warnOnce(text: string): (error: unknown) => void {
  let isSaid = false;
  return (error) => {
    if (isSaid) return;
    isSaid = true;
    warn(`${text}. Further errors are not shown`, { detail: describeError(error) });
  };
}
