// Who sealed a run: an optional ed25519 signature (RFC 8032) over the seal.

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign as signBytes, verify as verifyBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { HarnessError, messageOf } from "../base/errors.ts";

export type { KeyObject };
export type Signature = {
  readonly algorithm: "ed25519";
  /** The public key, SPKI in base64: shows that the signature fits, and not whose key it is. */
  readonly publicKey: string;
  /** First digits of the public key's SHA-256, for people to compare. */
  readonly fingerprint: string;
  readonly value: string;
};

/** Reads a key in PEM form. @throws HarnessError, exit code 3, if it is none of that kind. */
export async function readKey(file: string, kind: "private" | "public"): Promise<KeyObject> {
  try {
    const pem = await readFile(file, "utf8");
    const key = kind === "private" ? createPrivateKey(pem) : createPublicKey(pem);
    if (key.asymmetricKeyType !== "ed25519") throw new Error(`it is a key for ${key.asymmetricKeyType ?? "something else"}`);
    return key;
  } catch (error) {
    const remedy = kind === "private" ? "make one with: openssl genpkey -algorithm ed25519 -out key.pem" : "make one with: openssl pkey -in key.pem -pubout -out public.pem";
    throw new HarnessError({ code: "bad-key", kind: "declaration", message: `${file} is no ${kind} ed25519 key: ${messageOf(error)}`, place: file, remedy, cause: error });
  }
}

export function sign(text: string, key: KeyObject): Signature {
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  return { algorithm: "ed25519", publicKey: publicKey.toString("base64"), fingerprint: fingerprintOf(publicKey), value: signBytes(null, Buffer.from(text), key).toString("base64") };
}

/** Whether the signature fits the text by the key, or by the one that it names itself. Its own fields must fit each other too. */
export function isSignedBy(text: string, signature: Signature, key?: KeyObject): boolean {
  try {
    const der = Buffer.from(signature.publicKey, "base64");
    const named = createPublicKey({ key: der, type: "spki", format: "der" });
    const value = Buffer.from(signature.value, "base64");
    const canonical = der.toString("base64") === signature.publicKey && value.toString("base64") === signature.value;
    return signature.algorithm === "ed25519" && canonical && signature.fingerprint === fingerprintOf(der) && verifyBytes(null, Buffer.from(text), key ?? named, value);
  } catch {
    return false; // what can't be read as a key has signed nothing
  }
}

function fingerprintOf(publicKey: Buffer): string {
  return createHash("sha256").update(publicKey).digest("hex").slice(0, 16);
}
