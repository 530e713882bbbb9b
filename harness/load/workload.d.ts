// Types of k6/x/turnback for workloads: k6 scripts that act as the drilled system's clients.

declare module "k6/x/turnback" {
  /** What an operation will have done to one logical record if it commits. */
  export interface Effect {
    /** Name of an entity in system.yaml. */
    entity: string;
    /** The record's key, chosen by the client, so that it is known before anything is sent. */
    key: string;
    /** insert: it was not there. update: these fields are set. delete. add: these counters change by that much. */
    kind: "insert" | "update" | "delete" | "add";
    /** Logical fields by name, as PostgreSQL prints them; only these are judged. */
    value?: Record<string, string | number | null>;
  }

  /** One due unit of work. Its randomness depends on the run's seed and its number alone. */
  export interface Arrival {
    readonly seq: number;
    /** Uniform in [0, 1). */
    random(): number;
    /** A whole number from low to high, both included. */
    int(low: number, high: number): number;
    /** A random UUID, version 4. */
    uuid(): string;
  }

  export interface Transaction {
    /** Runs a prepared statement; the number of rows affected. Throws when it fails. */
    exec(sql: string, ...args: unknown[]): number;
    /** Runs a prepared query; all of its rows. Throws when it fails. */
    query(sql: string, ...args: unknown[]): Record<string, unknown>[];
  }

  export type Outcome = "committed" | "rejected" | "indeterminate";

  /** The k6 options of an open-model workload, as the drill declares it. */
  export function options(): object;
  /** Serves arrivals until the load ends; each may run one operation, and another after each `andThen`. */
  export function serve(body: (arrival: Arrival) => void): void;
  /** BEGIN, the body, COMMIT. What the body throws rolls back. Never retried. */
  export function transaction(op: string, effects: Effect[], body: (tx: Transaction) => void): Outcome;
  /** What a transaction on lists does: append an element to a key's list, or read the list. */
  export type ListOperation = ["append", key: number | string, element: number] | ["r", key: number | string];
  /**
   * A transaction of an isolation history. Says beforehand what it will do; the body does it, and
   * returns the lists that it read, in order. Each element is appended to a key at most once in a run.
   */
  export function listAppend(op: string, operations: ListOperation[], body: (tx: Transaction) => number[][]): Outcome;
  /** One statement that commits by itself. */
  export function statement(op: string, effects: Effect[], sql: string, ...args: unknown[]): Outcome;
  /** A query outside a transaction: its rows, or null when it was not served. */
  export function read(op: string, sql: string, ...args: unknown[]): Record<string, unknown>[] | null;
  /** The same on another of the system's databases, by its name in system.others. */
  export function database(name: string): {
    transaction: typeof transaction;
    listAppend: typeof listAppend;
    statement: typeof statement;
    read: typeof read;
  };
  /** What the application answered; status 0 when no answer came. */
  export interface Answer {
    readonly outcome: Outcome;
    readonly status: number;
    readonly text: string;
  }
  /**
   * A request to the system's own application, at one of its instances in turn; a form's fields are sent as a browser sends them.
   * Below 400 it is committed. 4xx and 503 say that nothing was done; after any other 5xx, and without a whole answer in time,
   * nobody can know. Redirects are not followed, and nothing is sent twice.
   */
  export function request(op: string, effects: Effect[], method: "GET" | "POST", path: string, form?: Record<string, string>): Answer;
  /** Begins another operation of the same arrival, due now: what a client does when its first one was served. */
  export function andThen(): void;
}

declare module "k6/crypto" {
  export function md5(input: string, encoding: "hex"): string;
}

declare const __ENV: Record<string, string>;
