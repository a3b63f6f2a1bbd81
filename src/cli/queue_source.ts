/**
 * The process of the local queue, as source text: run in the user's working directory, it finds the
 * `fauxqs` of the user's project.
 *
 * It sends its port, or what fauxqs threw while it was loaded, and ends when its parent does. Ctrl-C
 * reaches it too, but only the parent says when it ends.
 */
export function queueSource(region: string): string {
  return `
import process from "node:process";
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit());
try {
  const { buildApp } = await import("fauxqs");
  const app = buildApp({ logger: false, defaultRegion: ${JSON.stringify(region)} });
  let port;
  // fauxqs 1 knows a queue only by the URL that it handed out, whose host leads nowhere.
  app.addHook("preHandler", async ({ body }) => {
    if (typeof body?.QueueUrl !== "string") return;
    const path = body.QueueUrl.split("/").slice(-2).join("/");
    body.QueueUrl = \`http://sqs.${region}.localhost:\${port}/\${path}\`;
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  port = app.server.address().port;
  process.send({ port });
} catch (error) {
  process.send({ error: String(error?.message), code: String(error?.code) });
}
`;
}
