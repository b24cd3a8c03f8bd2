// Stripe's official Node client walks through Connect OAuth against the emulator.
//
// Usage: node story.mjs BASE_URL SECRET_KEY CLIENT_ID
// The last line is a JSON object with what was seen; any surprise is an exception and a non-zero exit.

import assert from "node:assert/strict";
import Stripe from "stripe";

const [base, key, clientId] = process.argv.slice(2);
const RETURNS_TO = "http://127.0.0.1:1/callback";
const { hostname, port } = new URL(base);
const stripe = new Stripe(key, { host: hostname, port, protocol: "http", telemetry: false });

/** The seller opens the authorize URL and presses Connect; gives the query of the redirect back. */
async function connect(email) {
  const built = stripe.oauth.authorizeUrl({
    client_id: clientId,
    state: "node-state",
    redirect_uri: RETURNS_TO,
    stripe_user: { email, country: "FR" },
  });
  // The client always writes https and drops the port here.
  const { pathname, search } = new URL(built);
  const url = new URL(pathname + search, base);
  const page = await fetch(url);
  const html = await page.text();
  assert.equal(page.status, 200, html);
  assert.ok(html.includes(email), html);
  const form = new URLSearchParams({
    account: "new",
    decision: "connect",
    "stripe_user[email]": email,
    "stripe_user[business_name]": "Node Noodles",
    "stripe_user[country]": "FR",
    "stripe_user[url]": "",
  });
  const answer = await fetch(url, { method: "POST", body: form, redirect: "manual" });
  const location = answer.headers.get("location");
  assert.ok(location?.startsWith(RETURNS_TO), `${answer.status} ${location}`);
  return Object.fromEntries(new URL(location).searchParams);
}

const returned = await connect("node@example.com");
assert.equal(returned.state, "node-state");
assert.equal(returned.scope, "read_write");

const token = await stripe.oauth.token({ grant_type: "authorization_code", code: returned.code });
const account = token.stripe_user_id;
assert.match(account, /^acct_/);
assert.equal(token.livemode, false);

const seller = { stripeAccount: account };
const customer = await stripe.customers.create({ email: "buyer@example.com", metadata: { from: "node" } }, seller);
const charge = await stripe.charges.create(
  { amount: 1000, currency: "eur", source: "tok_visa", application_fee_amount: 100, description: "Noodles" },
  seller,
);
assert.equal(charge.status, "succeeded");
const fees = await stripe.applicationFees.list({ charge: charge.id });
assert.deepEqual(fees.data.map((fee) => fee.amount), [100]);

const names = [];
for await (const one of stripe.customers.list({ limit: 1 }, seller)) names.push(one.id);
assert.deepEqual(names, [customer.id]);

/** What a call that must fail fails with. */
async function refusal(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  assert.fail("the call should have been refused");
}

const declined = await refusal(() =>
  stripe.charges.create({ amount: 1000, currency: "eur", source: "tok_chargeDeclined" }, seller),
);
assert.equal(declined.type, "StripeCardError");
const unknown = await refusal(() => stripe.customers.create({ colour: "green" }, seller));
assert.equal(unknown.type, "StripeInvalidRequestError");
const badCode = await refusal(() => stripe.oauth.token({ grant_type: "authorization_code", code: "ac_never_made" }));

const gone = await stripe.oauth.deauthorize({ client_id: clientId, stripe_user_id: account });
assert.equal(gone.stripe_user_id, account);
const refused = await refusal(() => stripe.charges.retrieve(charge.id, {}, seller));
assert.equal(refused.type, "StripePermissionError");

console.log(
  JSON.stringify({
    account,
    customer: customer.id,
    charge: charge.id,
    declined: declined.code,
    unknown_parameter: unknown.param,
    bad_code: badCode.rawType ?? badCode.type,
    after_deauthorize: refused.code,
  }),
);
