import { realpathSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Whether a module was started, rather than imported. Node knows `import.meta.main` only from 24.2 on. */
export function isMain({ main, url }: { readonly main?: boolean; readonly url: string }): boolean {
  if (main !== undefined) return main;
  const [, started] = process.argv;
  if (started === undefined || !url.startsWith("file:")) return false;
  try {
    // npm starts a package's command by a link to it.
    return realpathSync(started) === realpathSync(fileURLToPath(url));
  } catch {
    return false;
  }
}
