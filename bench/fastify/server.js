// The two-tier design as it is usually written in Node: check the request, add the client's credentials, ask the provider,
// read its reply, answer with it. One line of log a request, as every target of the benchmark writes. With CHECKS=all it does what the
// proxy does beside that, too.

import formbody from "@fastify/formbody";
import Fastify, { LogController } from "fastify";
import { Pool } from "undici";

import { once, sealer, watch } from "./checks.js";

const tokenEndpoint = new URL(required("TOKEN_ENDPOINT"));
const clientId = required("CLIENT_ID");
const clientSecret = required("CLIENT_SECRET");

const MAX_REQUEST = 16 * 1024;
const MAX_REPLY = 1024 * 1024;
const TIMEOUT = 10_000;

// Node's own `fetch` is what such services are written with; undici's pool, below it, is what one reaches for to make them lean.
const ask = process.env.PROVIDER_CLIENT === "pool" ? pooled() : fetched;

function pooled() {
  const provider = new Pool(tokenEndpoint.origin, {
    connections: 256,
    connectTimeout: 3_000,
    headersTimeout: TIMEOUT,
    bodyTimeout: TIMEOUT,
    maxResponseSize: MAX_REPLY,
  });
  return async (headers, form) => {
    const { statusCode, body } = await provider.request({ path: tokenEndpoint.pathname, method: "POST", headers, body: form });
    return { status: statusCode, text: await body.text() };
  };
}

async function fetched(headers, form) {
  const signal = AbortSignal.timeout(TIMEOUT);
  const reply = await fetch(tokenEndpoint, { method: "POST", headers, body: form, redirect: "error", signal });
  return { status: reply.status, text: await reply.text() };
}

const exchange = {
  type: "object",
  required: ["provider", "grant_type", "code", "redirect_uri", "code_verifier"],
  additionalProperties: false,
  properties: {
    provider: { const: "bench" },
    grant_type: { const: "authorization_code" },
    code: { type: "string", pattern: "^[\\x20-\\x7e]{1,8192}$" },
    redirect_uri: {
      type: "string",
      maxLength: 2048,
      pattern: "^http://(127\\.0\\.0\\.1|\\[::1\\]):[0-9]{1,5}/oauth/callback/bench$",
    },
    code_verifier: { type: "string", pattern: "^[A-Za-z0-9._~-]{43,128}$" },
  },
};

const app = Fastify({
  logger: { file: required("LOG_FILE") },
  logController: new LogController({ disableRequestLogging: true }),
  bodyLimit: MAX_REQUEST,
  ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
});
await app.register(formbody);

const checked = process.env.CHECKS === "all";
if (checked) await watch(app);
const spend = checked ? once() : (_code, exchange) => exchange();
const seal = checked ? sealer(clientSecret, "bench") : (token) => token;

app.addHook("onResponse", async (request, reply) => {
  request.log.info({
    method: request.method,
    route: request.routeOptions.url,
    status: reply.statusCode,
    elapsed_ms: reply.elapsedTime,
  });
});

app.setErrorHandler((error, _request, reply) => {
  const refused = error.validation !== undefined || (error.statusCode ?? 500) < 500;
  reply
    .code(refused ? (error.statusCode ?? 400) : 502)
    .header("cache-control", "no-store")
    .send({ error: refused ? "invalid_request" : "temporarily_unavailable" });
});

app.post("/oauth/token", { schema: { body: exchange } }, async (request, reply) => {
  const { code, redirect_uri, code_verifier } = request.body;
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    redirect_uri,
    code_verifier,
    client_id: clientId,
    client_secret: clientSecret,
  });
  const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
  const { status, text } = await spend(code, () => ask(headers, form.toString()));
  const tokens = JSON.parse(text);
  reply.header("cache-control", "no-store");
  if (status !== 200 || typeof tokens.access_token !== "string") {
    return reply.code(502).send({ error: "temporarily_unavailable" });
  }
  return {
    access_token: tokens.access_token,
    token_type: tokens.token_type,
    expires_in: tokens.expires_in,
    refresh_token: seal(tokens.refresh_token),
    scope: tokens.scope,
  };
});

await app.listen({ host: "127.0.0.1", port: 0 });
console.log(JSON.stringify({ address: `http://127.0.0.1:${app.server.address().port}` }));

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}
