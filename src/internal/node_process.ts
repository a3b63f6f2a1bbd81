import type Process from "node:process";

/**
 * The process. It is not imported, because importing it reads all of its members and so opens the standard
 * streams, which takes longer than the rest of a cold start of the library (5 ms on Node 20, 22 and 24).
 */
export function nodeProcess(): typeof Process {
  return (globalThis as unknown as { readonly process: typeof Process }).process;
}
