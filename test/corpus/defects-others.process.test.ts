// The defects planted in the other systems.

import { testCorpus } from "./suite.ts";

testCorpus("defects", ({ system }) => system !== "bookings");
