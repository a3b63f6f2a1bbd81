import process from "node:process";

/** Whether this is Deno; else it is Node. */
export const IS_DENO: boolean = "Deno" in globalThis;

/** As messages name this runtime. */
export const RUNTIME_NAME: string = IS_DENO
  ? `Deno ${process.versions.deno}`
  : `Node ${process.versions.node}`;

/** The fauxqs that runs here: 2.x needs `node:sqlite`, which Node has from 22.5 on. */
export function fauxqsVersion(): string {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return IS_DENO || major > 22 || (major === 22 && minor >= 5) ? "2.4.1" : "1.9.2";
}

/** How to install it. */
export function installFauxqs(): string {
  const version = fauxqsVersion();
  return IS_DENO
    ? `deno add --dev npm:fauxqs@${version}`
    : `npm install --save-dev fauxqs@${version}`;
}
