import config from "../../deno.json" with { type: "json" };

/** What a process of its own printed, and how it ended. */
export interface ScriptResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script with this Deno and these permissions; `imports` take the place of the library's. */
export async function runScript(
  source: string,
  permissions: readonly string[],
  imports: Readonly<Record<string, string>> = {},
  env: Record<string, string> = {},
): Promise<ScriptResult> {
  const map = {
    imports: {
      "@partial-batch/sqs": new URL("../../mod.ts", import.meta.url).href,
      "@aws-sdk/client-sqs": config.imports["@aws-sdk/client-sqs"],
      "aws-lambda": config.imports["aws-lambda"],
      ...imports,
    },
  };
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, source);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--no-check",
        "--no-lock",
        `--import-map=data:application/json,${encodeURIComponent(JSON.stringify(map))}`,
        ...permissions,
        file,
      ],
      env,
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: decode(stdout), stderr: decode(stderr) };
  } finally {
    await Deno.remove(file);
  }
}
