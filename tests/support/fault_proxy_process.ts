/**
 * A proxy on loopback in front of a real SQS server, as a process of its own: it counts the
 * requests and makes the faults that neither server can be made to show.
 *
 * `_fault_proxy_process.ts <endpoint>`. Control: `PUT /-/faults`, `GET /-/requests`,
 * `POST /-/reset`, `POST /-/kill-sockets`.
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import process from "node:process";
import { buffer } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import type { Fault, SeenRequest } from "./fault_proxy.ts";

const target = new URL(process.argv[2]!);
let faults: Fault[] = [];
let seen: SeenRequest[] = [];
let underWay = 0;
const sockets = new Set<Socket>();

const server = createServer(async (incoming, response) => {
  try {
    const body = await buffer(incoming);
    if (incoming.url?.startsWith("/-/")) control(incoming.url, body, response);
    else await proxy(incoming, body, response);
  } catch {
    // Whoever asked has gone.
    incoming.socket.destroy();
  }
});

function control(path: string, body: Uint8Array, response: ServerResponse): void {
  switch (path) {
    case "/-/faults":
      faults = JSON.parse(new TextDecoder().decode(body));
      break;
    case "/-/reset":
      faults = [];
      seen = [];
      break;
    case "/-/kill-sockets":
      for (const socket of sockets) if (socket !== response.socket) socket.destroy();
      break;
  }
  response.end(JSON.stringify(seen));
}

async function proxy(
  incoming: IncomingMessage,
  body: Uint8Array,
  response: ServerResponse,
): Promise<void> {
  const action = String(incoming.headers["x-amz-target"]).split(".").at(-1)!;
  const input = JSON.parse(new TextDecoder().decode(body) || "{}");
  const remotePort = incoming.socket.remotePort!;
  seen.push({
    action,
    headers: plainHeaders(incoming.headers),
    input,
    remotePort,
    atATime: ++underWay,
  });
  response.once("close", () => underWay--);
  const fault = takeFault(action);
  switch (fault?.kind) {
    case "drop":
      return void incoming.socket.destroy();
    case "hang":
      return;
    case "status":
      response.writeHead(fault.status, {
        "content-type": "application/x-amz-json-1.0",
        ...(fault.code ? { "x-amzn-errortype": fault.code } : {}),
      });
      return void response.end(fault.body ?? JSON.stringify({ __type: fault.code, message: "x" }));
    case "lose-answer":
      await forward(incoming, body);
      return void incoming.socket.destroy();
    case "fail-entries":
      return await failEntries(incoming, input, fault, response);
    case "delay":
      await setTimeout(fault.ms);
      return answerAs(await forward(incoming, body), response);
    default:
      answerAs(await forward(incoming, body), response);
  }
}

function answerAs({ status, headers, body }: Answer, response: ServerResponse): void {
  response.writeHead(status, headers);
  response.end(body);
}

function takeFault(action: string): Fault | undefined {
  const index = faults.findIndex((fault) => fault.action === action);
  const fault = faults[index];
  if (fault?.times === undefined) return fault;
  if (fault.times <= 1) faults.splice(index, 1);
  else faults[index] = { ...fault, times: fault.times - 1 };
  return fault;
}

async function failEntries(
  incoming: IncomingMessage,
  input: { Entries: { Id: string }[] },
  fault: Fault & { kind: "fail-entries" },
  response: ServerResponse,
): Promise<void> {
  const Entries = input.Entries.filter(({ Id }) => !fault.ids.includes(Id));
  const answer = Entries.length === 0
    ? { Successful: [] }
    : JSON.parse((await forward(incoming, JSON.stringify({ ...input, Entries }))).body.toString());
  const Failed = input.Entries.filter(({ Id }) => fault.ids.includes(Id)).map(({ Id }) => ({
    Id,
    Code: fault.code,
    SenderFault: fault.senderFault,
    Message: "made by the proxy",
  }));
  response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
  response.end(JSON.stringify({ ...answer, Failed: [...(answer.Failed ?? []), ...Failed] }));
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

function forward(incoming: IncomingMessage, body: Uint8Array | string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ...incoming.headers, "content-length": new Blob([body as string]).size };
    const outgoing = request(
      { host: target.hostname, port: target.port, method: "POST", path: incoming.url, headers },
      async (answer) => {
        resolve({
          status: answer.statusCode!,
          headers: answer.headers,
          body: await buffer(answer),
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

server.on("connection", (socket) => {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
});
process.stdin.on("end", () => process.exit()).resume();
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as { port: number };
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
