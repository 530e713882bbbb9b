// The benchmark's operation: one row, committed by itself, as fast as the clients can.
/// <reference path="../harness/load/workload.d.ts" />
import { options as openModel, serve, statement } from "k6/x/turnback";

export const options = openModel();

export default function (): void {
  serve((arrival) => {
    const key = arrival.uuid();
    statement("insert", [{ entity: "row", key, kind: "insert", value: { v: "1" } }], "insert into bench (key, v) values ($1, $2)", key, 1);
  });
}
