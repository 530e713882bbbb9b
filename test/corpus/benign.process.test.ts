// The differences that hurt nobody.

import { testCorpus } from "./suite.ts";

testCorpus("benign", () => true);
