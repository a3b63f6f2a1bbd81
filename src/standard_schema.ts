/**
 * A validator of the Standard Schema specification, version 1, as far as the library uses it. Zod,
 * Valibot and ArkType make such schemas.
 *
 * @category Typed bodies
 * @typeParam TBody What a valid body becomes.
 */
export interface StandardSchemaLike<TBody = unknown> {
  /** The specification's one property. */
  readonly "~standard": {
    /** Validates a value. */
    readonly validate: (
      value: unknown,
    ) => ValidationResult<TBody> | Promise<ValidationResult<TBody>>;
    /** Carries the types; it does not exist at run time. */
    readonly types?: { readonly output: TBody } | undefined;
  };
}

/**
 * What a validation gives: a value, or what is wrong.
 *
 * @category Typed bodies
 */
export type ValidationResult<TBody> =
  | { readonly value: TBody; readonly issues?: undefined }
  | { readonly issues: readonly ValidationIssue[] };

/**
 * One thing that is wrong.
 *
 * @category Typed bodies
 */
export interface ValidationIssue {
  /** Where, from the outside in. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * What a valid body becomes, by a schema.
 *
 * @category Typed bodies
 */
export type InferBody<TSchema extends StandardSchemaLike> = TSchema extends StandardSchemaLike<
  infer TBody
> ? TBody
  : never;
