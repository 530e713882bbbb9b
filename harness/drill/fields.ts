// Fields that many declarations have.

import { z } from "zod";

export const ms = z.number().int().min(0).max(86_400_000);
export const positiveMs = ms.min(1);
export const name = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "use lower-case letters, digits and hyphens");
