// The timeline on a full disk: one kind of error, with the remedy, wherever the write failed.

import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { TimelineWriter } from "../../harness/evidence/timeline.ts";

test.skipIf(!existsSync("/dev/full"))("an event that can't be written for want of space says so, and the chain doesn't move", () => {
  const timeline = new TimelineWriter("/dev/full", () => 0, (data) => data);
  const head = timeline.head;
  expect(() => timeline.record({ kind: "run", state: "started" })).toThrow(expect.objectContaining({ code: "evidence-disk-full", kind: "environment" }));
  expect(timeline.head).toBe(head);
});
