/**
 * A real SQS server on loopback, as a process of its own: `sqs_server.ts fauxqs|local-aws-sqs`.
 *
 * Writes its endpoint as the first line of its output, and ends when its input does, so that it
 * never outlives the process that started it.
 */
import process from "node:process";

const HOST = "127.0.0.1";

async function listen(name: string | undefined): Promise<number> {
  switch (name) {
    case "fauxqs": {
      const { buildApp } = await import("fauxqs");
      const app = buildApp({ logger: false, host: HOST });
      await app.listen({ port: 0, host: HOST });
      return portOf(app.server.address());
    }
    case "local-aws-sqs": {
      const { createSqsServer } = await import("local-aws-sqs");
      const server = await createSqsServer({
        port: 0,
        hostname: HOST,
        emulateQueueCreationLifecycle: false,
      });
      return portOf(server.address());
    }
    default:
      throw new TypeError(`Cannot start a server: expected fauxqs or local-aws-sqs, got ${name}`);
  }
}

function portOf(address: unknown): number {
  return (address as { port: number }).port;
}

process.stdin.on("end", () => process.exit()).resume();
// Whoever started it may have ended already.
process.stdout.on("error", () => process.exit());
process.stdout.write(`http://${HOST}:${await listen(process.argv[2])}\n`);
