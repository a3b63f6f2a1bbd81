import { assertEquals } from "@std/assert";
import { parseTraceHeader } from "../../../src/opentelemetry/trace_header.ts";

const ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793";
const SPAN = {
  traceId: "5759e988bd862e3fe1be46a994272793",
  spanId: "53995c3f42cd8ad8",
  isRemote: true,
};

const NAMED: Readonly<Record<string, number>> = {
  [`${ROOT};Parent=53995c3f42cd8ad8;Sampled=1`]: 1,
  [`${ROOT};Parent=53995c3f42cd8ad8;Sampled=0`]: 0,
  [`${ROOT};Parent=53995c3f42cd8ad8;Sampled=?`]: 0,
  [`${ROOT};Parent=53995c3f42cd8ad8`]: 0,
  [`Self=1-67891234-12456789abcdef012345678;${ROOT};Parent=53995C3F42CD8AD8;Sampled=1`]: 1,
  [`Sampled=1; Parent=53995c3f42cd8ad8; ${ROOT}; Lineage=1:a87bd80c:0`]: 1,
};

for (const [header, traceFlags] of Object.entries(NAMED)) {
  Deno.test(`parseTraceHeader() reads the span of "${header}"`, () => {
    assertEquals(parseTraceHeader(header), { ...SPAN, traceFlags });
  });
}

const UNNAMED = [
  "",
  ";",
  "=",
  "Parent",
  ROOT,
  "Parent=53995c3f42cd8ad8;Sampled=1",
  `${ROOT};Parent=0000000000000000;Sampled=1`,
  `${ROOT};Parent=53995c3f42cd8ad;Sampled=1`,
  `${ROOT};Parent=53995c3f42cd8adg;Sampled=1`,
  "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
  "Root=1-5759e988bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
  "Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8",
];

for (const header of UNNAMED) {
  Deno.test(`parseTraceHeader() finds no span in "${header}"`, () => {
    assertEquals(parseTraceHeader(header), undefined);
  });
}
