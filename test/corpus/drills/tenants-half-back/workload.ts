import { options as openModel, serve, transaction } from "k6/x/turnback";
export const options = openModel();
export default function (): void {
  serve((arrival) => {
    const ref = arrival.uuid();
    // Only tenant b uses what is new; until then it is refused.
    if (arrival.seq % 20 === 0) {
      transaction("close-again", [{ entity: "closing", key: ref, kind: "insert", value: { day: "2026-01-05" } }], (tx) => {
        tx.exec("insert into tenant_b.closings values ($1, '2026-01-05')", ref);
      });
    } else {
      transaction("look", [], (tx) => { tx.query("select count(*) from tenant_a.closings"); });
    }
  });
}
