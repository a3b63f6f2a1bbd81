/** As much of CloudFormation as it takes to read a template without AWS. */
import { createRequire } from "node:module";
import { join } from "node:path";

/** A part of a template, with intrinsic functions in their long form. */
export type Value = null | boolean | number | string | readonly Value[] | Group;

/** A part of a template with names. */
export interface Group {
  readonly [name: string]: Value;
}

/** A resource of a template. */
export interface Resource {
  readonly Type: string;
  readonly Condition?: string;
  readonly Properties?: Group;
  readonly Metadata?: Group;
}

/** A template. */
export interface Template {
  readonly Transform?: string;
  readonly Parameters?: Readonly<Record<string, Group>>;
  readonly Conditions?: Readonly<Record<string, Value>>;
  readonly Resources: Readonly<Record<string, Resource>>;
}

/** As much of the npm package `yaml` as is used here. */
interface Yaml {
  parseDocument(text: string, options: { readonly customTags: readonly object[] }): {
    readonly errors: readonly Error[];
    readonly warnings: readonly Error[];
    toJS(): unknown;
  };
}

const TAGS = ["Ref", "Condition", "GetAtt", "Sub", "If", "Not", "Equals", "And", "Or", "Join"];

/** What a tag stands for: `!GetAtt Orders.Arn` is `{ "Fn::GetAtt": ["Orders", "Arn"] }`. */
function longForm(tag: string, value: unknown): unknown {
  if (tag === "Ref" || tag === "Condition") return { [tag]: value };
  if (tag !== "GetAtt" || typeof value !== "string") return { [`Fn::${tag}`]: value };
  const [resource, ...attribute] = value.split(".");
  return { "Fn::GetAtt": [resource, attribute.join(".")] };
}

/**
 * Parses a template with the `yaml` package of an npm project.
 *
 * @throws {Error} If it is not YAML, or has a tag or a key that YAML parsers object to.
 */
export function parseTemplate(text: string, project: string): Template {
  const yaml = createRequire(join(project, "package.json"))("yaml") as Yaml;
  const customTags = TAGS.flatMap((tag) => [
    { tag: `!${tag}`, resolve: (value: string) => longForm(tag, value) },
    {
      tag: `!${tag}`,
      collection: "seq",
      resolve: (value: { toJSON(): unknown }) => longForm(tag, value.toJSON()),
    },
  ]);
  const document = yaml.parseDocument(text, { customTags });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw problem;
  return document.toJS() as Template;
}

function isGroup(value: Value | undefined): value is Group {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A part of a template by its path; `undefined` if there is none. */
export function at(
  value: Value | undefined,
  ...path: readonly (string | number)[]
): Value | undefined {
  let found: Value | undefined = value;
  for (const step of path) {
    if (Array.isArray(found)) found = found[Number(step)];
    else found = isGroup(found) ? found[step] : undefined;
  }
  return found;
}

/** The logical id that `Ref` or `Fn::GetAtt` names. */
export function targetOf(value: Value | undefined): string | undefined {
  const target = at(value, "Ref") ?? at(value, "Fn::GetAtt", 0);
  return typeof target === "string" ? target : undefined;
}

/** The names in a template that lead nowhere: of parameters, resources and conditions. */
export function danglingNames(template: Template): string[] {
  const { Parameters = {}, Conditions = {}, Resources } = template;
  const dangling: string[] = [];
  const expect = (name: Value | undefined, known: object) => {
    if (typeof name === "string" && (name.startsWith("AWS::") || Object.hasOwn(known, name))) {
      return;
    }
    dangling.push(String(name));
  };
  const visit = (value: Value): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (!isGroup(value)) return;
    if ("Ref" in value) expect(value.Ref, { ...Parameters, ...Resources });
    if ("Fn::GetAtt" in value) expect(at(value, "Fn::GetAtt", 0), Resources);
    if ("Fn::If" in value) expect(at(value, "Fn::If", 0), Conditions);
    const sub = value["Fn::Sub"];
    for (const [, name] of typeof sub === "string" ? sub.matchAll(/\$\{([^!.}]+)/g) : []) {
      expect(name, { ...Parameters, ...Resources });
    }
    Object.values(value).forEach(visit);
  };
  visit(Conditions);
  visit(Resources as unknown as Value);
  for (const { Condition } of Object.values(Resources)) {
    if (Condition !== undefined) expect(Condition, Conditions);
  }
  return dangling;
}

/**
 * A template with what another one adds, each in its place.
 *
 * @throws {Error} If both say something about the same thing.
 */
export function added(template: Template, addition: Template): Template {
  const add = (to: Value | undefined, value: Value, path: string): Value => {
    if (to === undefined) return value;
    if (!isGroup(to) || !isGroup(value)) throw new Error(`${path} is there already`);
    const both = Object.entries(value).map(([name, each]) =>
      [name, add(to[name], each, `${path}.${name}`)] as const
    );
    return { ...to, ...Object.fromEntries(both) };
  };
  return add(
    template as unknown as Value,
    addition as unknown as Value,
    "template",
  ) as unknown as Template;
}

/** The resources of a template for some values of its parameters: conditions are decided. */
export function resourcesFor(
  { Parameters = {}, Conditions = {}, Resources }: Template,
  values: Readonly<Record<string, string>>,
): Record<string, Resource> {
  const resolve = (value: Value): Value => {
    if (Array.isArray(value)) return value.map(resolve);
    if (!isGroup(value)) return value;
    const parameter = value.Ref;
    if (typeof parameter === "string" && parameter in Parameters) {
      return values[parameter] ?? at(Parameters[parameter], "Default") ?? value;
    }
    const branches = value["Fn::If"];
    if (Array.isArray(branches)) {
      return resolve(branches[isTrue(Conditions[branches[0]]) ? 1 : 2]);
    }
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolve(each)]));
  };
  const isTrue = (condition: Value | undefined): boolean => {
    const not = at(condition, "Fn::Not", 0);
    if (not !== undefined) return !isTrue(not);
    const equals = at(condition, "Fn::Equals");
    if (!Array.isArray(equals)) throw new Error(`Cannot decide ${JSON.stringify(condition)}`);
    return resolve(equals[0]) === resolve(equals[1]);
  };
  const chosen = Object.entries(Resources).filter(([, { Condition }]) =>
    Condition === undefined || isTrue(Conditions[Condition])
  );
  return resolve(Object.fromEntries(chosen) as unknown as Value) as unknown as Record<
    string,
    Resource
  >;
}
