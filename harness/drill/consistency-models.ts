// The consistency models that a drill can name; apart from the schema, so that the command line needn't load that.

/** From the weakest to the strongest; what each forbids is in judge/isolation/model.ts. */
export const CONSISTENCY_MODELS = ["read-uncommitted", "read-committed", "repeatable-read", "snapshot-isolation", "serializable", "strict-serializable"] as const;
