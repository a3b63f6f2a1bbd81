/** What the pages on infrastructure say of their programs, read from what these make. */
import { at, type Group, type Resource, targetOf, type Value } from "./cloudformation.ts";

/** The values of the switch. */
export const MODES = ["throw", "switch", "report"] as const;

/** A value of the switch. */
export type Mode = typeof MODES[number];

/** What AWS SAM's policy templates allow (serverless-application-model, `policy_templates.json`). */
const SAM_POLICIES: Readonly<Record<string, readonly string[]>> = {
  SQSPollerPolicy: [
    "sqs:ChangeMessageVisibility",
    "sqs:ChangeMessageVisibilityBatch",
    "sqs:DeleteMessage",
    "sqs:DeleteMessageBatch",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
  ],
  SQSSendMessagePolicy: ["sqs:SendMessage*"],
};

/** Puts plain resources in the place of a SAM function, as SAM's transform does. */
export function expandSam(resources: Readonly<Record<string, Resource>>): Record<string, Resource> {
  const expanded: Record<string, Resource> = {};
  for (const [id, resource] of Object.entries(resources)) {
    if (resource.Type !== "AWS::Serverless::Function") {
      expanded[id] = resource;
      continue;
    }
    const { Events = {}, Policies = [], ...properties } = resource.Properties ?? {};
    expanded[id] = { ...resource, Type: "AWS::Lambda::Function", Properties: properties };
    const Statement = (Policies as readonly Group[]).flatMap((policy) =>
      Object.entries(policy).map(([name, parameters]) => ({
        Effect: "Allow",
        Action: SAM_POLICIES[name] ?? [],
        Resource: at(parameters, "QueueName") ?? null,
      }))
    );
    expanded[`${id}Policy`] = {
      Type: "AWS::IAM::Policy",
      Properties: { PolicyDocument: { Statement } },
    };
    for (const [name, event] of Object.entries(Events as Group)) {
      const { Queue = null, ...options } = at(event, "Properties") as Group;
      expanded[`${id}${name}`] = {
        Type: "AWS::Lambda::EventSourceMapping",
        Properties: { ...options, EventSourceArn: Queue, FunctionName: { Ref: id } },
      };
    }
  }
  return expanded;
}

/** What the function and its mapping are told. */
export interface Switched {
  readonly functionReports: Value | undefined;
  readonly mappingAccepts: boolean;
}

/** How a mode sets the two. */
export function expectedSwitch(mode: Mode): Switched {
  return { functionReports: String(mode === "report"), mappingAccepts: mode !== "throw" };
}

/** How resources set the two. */
export function switchOf(resources: Readonly<Record<string, Resource>>): Switched {
  const [, mapping] = only(resources, "AWS::Lambda::EventSourceMapping");
  const [, lambda] = only(resources, "AWS::Lambda::Function");
  return {
    functionReports: at(lambda, "Environment", "Variables", "REPORT_ITEM_FAILURES"),
    mappingAccepts: at(mapping, "FunctionResponseTypes", 0) === "ReportBatchItemFailures",
  };
}

/** The one resource of a type: its logical id and its properties. */
export function only(
  resources: Readonly<Record<string, Resource>>,
  type: string,
): readonly [id: string, properties: Group] {
  const [found, ...more] = Object.entries(resources).filter(([, { Type }]) => Type === type);
  if (!found || more.length > 0) throw new Error(`expected one ${type}, got ${more.length + 1}`);
  return [found[0], found[1].Properties ?? {}];
}

/** What resources in a mode have wrong; nothing if all is as the pages say. */
export function wrongFacts(resources: Readonly<Record<string, Resource>>, mode: Mode): string[] {
  const wrong: string[] = [];
  const expect = (what: string, actual: unknown, expected: unknown) => {
    const [a, b] = [actual, expected].map((each) => JSON.stringify(each));
    if (a !== b) wrong.push(`${what}: expected ${b}, got ${a}`);
  };
  const [, mapping] = only(resources, "AWS::Lambda::EventSourceMapping");
  const [functionId, lambda] = only(resources, "AWS::Lambda::Function");
  const sourceId = targetOf(mapping.EventSourceArn);
  const source = resources[sourceId ?? ""]?.Properties;
  const deadId = targetOf(at(source, "RedrivePolicy", "deadLetterTargetArn"));
  const dead = resources[deadId ?? ""];

  expect("the mapping's function", targetOf(mapping.FunctionName), functionId);
  expect("the dead-letter queue's type", dead?.Type, "AWS::SQS::Queue");
  const window = Number(mapping.MaximumBatchingWindowInSeconds);
  const timeout = Number(lambda.Timeout);
  expect("the visibility timeout", source?.VisibilityTimeout, 6 * timeout + window);
  expect("maxReceiveCount ≥ 5", Number(at(source, "RedrivePolicy", "maxReceiveCount")) >= 5, true);
  const [kept, keptDead] = [source, dead?.Properties].map((each) => each?.MessageRetentionPeriod);
  expect("dead letters are kept longer", Number(keptDead) > Number(kept), true);
  expect("the runtime", lambda.Runtime, "nodejs24.x");
  expect("the switch", switchOf(resources), expectedSwitch(mode));

  const isAllowed = (action: string, queue: string | undefined) =>
    Object.values(resources).some(({ Type, Properties }) => {
      const statements = at(Properties, "PolicyDocument", "Statement");
      return Type === "AWS::IAM::Policy" && Array.isArray(statements) &&
        statements.some((statement: Value) =>
          at(statement, "Effect") === "Allow" && targetOf(at(statement, "Resource")) === queue &&
          [at(statement, "Action")].flat().some((each) => each === action || each === `${action}*`)
        );
    });
  for (const name of ["DeleteMessage", "GetQueueAttributes", "ChangeMessageVisibility"]) {
    expect(`sqs:${name} on the source queue`, isAllowed(`sqs:${name}`, sourceId), true);
  }
  expect("sqs:SendMessage on the dead letters", isAllowed("sqs:SendMessage", deadId), true);
  return wrong;
}
