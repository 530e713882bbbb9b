// Fields that many declarations have.

import { z } from "zod";

export const ms = z.number().int().min(0).max(86_400_000);
export const positiveMs = ms.min(1);
/** Becomes part of files' names, and is quoted in messages: hence its length. */
export const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,99}$/, "use lower-case letters, digits and hyphens, a hundred at most");
/** As PostgreSQL takes one without quotes, and whole. */
export const identifier = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/, "use lower-case letters, digits and underscores, 63 at most");
