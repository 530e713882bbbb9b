// The defects planted in the bookings: the larger half, side by side with the other.

import { testCorpus } from "./suite.ts";

testCorpus("defects", ({ system }) => system === "bookings");
