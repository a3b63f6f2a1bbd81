/** A JSR that swallows requests would otherwise hang for minutes. */
const LIMIT_MS = 10_000;

/** Imports modules that come from JSR; `undefined` if JSR cannot be reached. */
export async function importFromJsr<TModules extends readonly unknown[]>(
  names: readonly string[],
): Promise<TModules | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("no answer")), LIMIT_MS);
  });
  // The names are no literals: they must be resolved here, not when this file is loaded.
  const modules = Promise.all(names.map((name) => import(name)));
  try {
    return await Promise.race([modules, tooLate]) as unknown as TModules;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
