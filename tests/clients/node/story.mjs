// Stripe's official Node client walks through Connect against the emulator.
//
// Usage: node story.mjs BASE_URL SECRET_KEY CLIENT_ID
// A numbered line for each step that held, then a JSON object with what was seen; any surprise is an exception and a non-zero exit.

import assert from "node:assert/strict";
import Stripe from "stripe";
import { RETURNS_TO, Receiver, answerPage, fault } from "./outside.mjs";

const [base, key, clientId] = process.argv.slice(2);
const { hostname, port } = new URL(base);
const clientOf = (secretKey, options = {}) =>
  new Stripe(secretKey, { host: hostname, port, protocol: "http", telemetry: false, ...options });
const stripe = clientOf(key);
const hooks = new Receiver();
await hooks.listen();

let steps = 0;
function held(what) {
  steps += 1;
  console.log(`${String(steps).padStart(2)}  held  ${what}`);
}

/** The error of a call that must be refused with it. */
async function refused(type, call) {
  try {
    await call();
  } catch (error) {
    assert.equal(error.type, type, error.message);
    return error;
  }
  assert.fail(`${type} was expected`);
}

function authorize(email) {
  const built = stripe.oauth.authorizeUrl({
    client_id: clientId,
    scope: "read_write",
    state: "node-state",
    redirect_uri: RETURNS_TO,
    stripe_user: { email, country: "FR" },
  });
  // The client always writes https and drops the port here.
  const { pathname, search } = new URL(built);
  return new URL(pathname + search, base);
}
const redeem = (code) => stripe.oauth.token({ grant_type: "authorization_code", code });
async function connect(email, account = "new") {
  return redeem((await answerPage(authorize(email), email, { account })).code);
}

/** Money by currency, whether it can be paid out yet or not. */
async function balance(options) {
  const now = await stripe.balance.retrieve({}, options);
  const sums = {};
  for (const { currency, amount } of [...now.available, ...now.pending]) {
    sums[currency] = (sums[currency] ?? 0) + amount;
  }
  return sums;
}
const gained = (before, after, currency = "eur") => (after[currency] ?? 0) - (before[currency] ?? 0);

// Connect OAuth
assert.equal((await refused("StripeAuthenticationError", () => clientOf("sk_nonsense").balance.retrieve())).statusCode, 401);
held("a malformed key is refused with 401");

const endpoint = await stripe.webhookEndpoints.create({ url: hooks.url, enabled_events: ["*"], connect: true });
const hook = (wanted) => hooks.waitFor(stripe, endpoint.secret, wanted);
held("a webhook endpoint for events of connected accounts");

const denied = await answerPage(authorize("no@example.com"), "no@example.com", { decision: "deny" });
assert.deepEqual([denied.error, denied.state], ["access_denied", "node-state"]);
held("a seller denies: the redirect says access_denied");

const returned = await answerPage(authorize("node@example.com"), "node@example.com");
assert.deepEqual([returned.state, returned.scope], ["node-state", "read_write"]);
let token = await redeem(returned.code);
const account = token.stripe_user_id;
assert.match(account, /^acct_/);
assert.deepEqual([token.token_type, token.livemode], ["bearer", false]);
assert.equal((await hook("account.application.authorized")).account, account);
held("a seller connects, and a verified webhook says so");

const seller = { stripeAccount: account };
assert.equal((await stripe.accounts.retrieve(account)).email, "node@example.com");
const badCode = await refused("StripeInvalidGrantError", () => redeem(returned.code));
assert.equal((await refused("StripePermissionError", () => stripe.customers.list({}, seller))).code, "account_invalid");
held("the code used again is refused, and revokes the connection");

token = await connect("node@example.com", account);
assert.equal(token.stripe_user_id, account);
await stripe.customers.list({}, seller);
held("the same account connects again, signed in");

const asSeller = clientOf(token.access_token);
const own = await asSeller.customers.create({ email: "own@example.com" });
assert.equal((await stripe.customers.retrieve(own.id, {}, seller)).email, "own@example.com");
held("the access token acts as the account");

const fresh = await stripe.oauth.token({ grant_type: "refresh_token", refresh_token: token.refresh_token });
assert.equal(fresh.stripe_user_id, account);
assert.notEqual(fresh.access_token, token.access_token);
assert.equal((await refused("StripeAuthenticationError", () => asSeller.customers.list())).statusCode, 401);
await clientOf(fresh.access_token).customers.list();
held("a refreshed access token works, the former one no longer");

// Isolation
const other = { stripeAccount: (await connect("second@example.com")).stripe_user_id };
const customer = await stripe.customers.create({ email: "buyer@example.com", metadata: { from: "node" } }, seller);
for (const elsewhere of [undefined, other]) {
  const missing = await refused("StripeInvalidRequestError", () => stripe.customers.retrieve(customer.id, {}, elsewhere));
  assert.deepEqual([missing.statusCode, missing.code], [404, "resource_missing"]);
}
const stranger = clientOf(key.replace("sk_test_", "sk_test_other"));
assert.equal((await refused("StripePermissionError", () => stranger.customers.list({}, seller))).statusCode, 403);
held("an account's objects are its own; another platform has no access");

// Money
let before = await balance(seller);
let platform = await balance();
const charge = await stripe.charges.create(
  { amount: 1000, currency: "eur", source: "tok_visa", application_fee_amount: 100, description: "Noodles" },
  seller,
);
assert.equal(charge.status, "succeeded");
const fees = await stripe.applicationFees.list({ charge: charge.id });
assert.deepEqual(fees.data.map((fee) => fee.amount), [100]);
const moved = await stripe.balanceTransactions.retrieve(charge.balance_transaction, {}, seller);
assert.equal(moved.net, 1000 - moved.fee);
assert.equal(gained(before, await balance(seller)), moved.net);
assert.equal(gained(platform, await balance()), 100);
held("a direct charge with an application fee, and both balances");

const anyCard = { automatic_payment_methods: { enabled: true, allow_redirects: "never" }, payment_method: "pm_card_visa" };
before = await balance(seller);
const sale = await stripe.paymentIntents.create({
  ...anyCard,
  amount: 5000,
  currency: "eur",
  confirm: true,
  on_behalf_of: account,
  application_fee_amount: 500,
  transfer_data: { destination: account },
  expand: ["latest_charge.transfer"],
});
assert.deepEqual([sale.status, sale.latest_charge.transfer.amount], ["succeeded", 5000]);
assert.equal(gained(before, await balance(seller)), 4500);
held("a destination charge by a PaymentIntent: the seller gets it less the fee");

before = await balance(other);
const pooled = await stripe.charges.create({ amount: 3000, currency: "eur", source: "tok_visa", transfer_group: "ORDER_1" });
const share = await stripe.transfers.create({
  amount: 2000,
  currency: "eur",
  destination: other.stripeAccount,
  source_transaction: pooled.id,
  transfer_group: "ORDER_1",
});
assert.deepEqual((await stripe.transfers.list({ transfer_group: "ORDER_1" })).data.map((one) => one.id), [share.id]);
assert.equal(gained(before, await balance(other)), 2000);
held("a separate charge and transfer");

assert.equal((await stripe.transfers.createReversal(share.id, { amount: 500 })).amount, 500);
assert.equal((await stripe.transfers.retrieve(share.id)).amount_reversed, 500);
assert.equal(gained(before, await balance(other)), 1500);
await refused("StripeInvalidRequestError", () => stripe.transfers.createReversal(share.id, { amount: 1501 }));
held("a part of a transfer is reversed, more than there is is not");

platform = await balance();
await stripe.refunds.create({ charge: charge.id, amount: 400, refund_application_fee: true }, seller);
assert.equal(gained(platform, await balance()), -40);
await stripe.applicationFees.createRefund(fees.data[0].id, { amount: 60 });
assert.ok((await stripe.applicationFees.retrieve(fees.data[0].id)).refunded);
held("a refund in part gives a part of the fee back, a fee refund the rest");

before = await balance(seller);
await stripe.refunds.create({ payment_intent: sale.id, reverse_transfer: true, refund_application_fee: true });
assert.ok((await stripe.charges.retrieve(sale.latest_charge.id)).refunded);
assert.equal(gained(before, await balance(seller)), -4500);
held("a destination charge is refunded with its transfer");

const hold = await stripe.paymentIntents.create(
  { ...anyCard, amount: 2000, currency: "eur", capture_method: "manual", confirm: true },
  seller,
);
assert.equal(hold.status, "requires_capture");
const taken = await stripe.paymentIntents.capture(hold.id, { amount_to_capture: 1500 }, seller);
assert.deepEqual([taken.status, taken.amount_received], ["succeeded", 1500]);
held("an authorisation is captured in part");

// Events
const event = await hook("charge.refunded");
assert.deepEqual([event.account, event.data.object.id], [account, charge.id]);
assert.equal((await stripe.events.retrieve(event.id, {}, seller)).type, "charge.refunded");
assert.throws(() => stripe.webhooks.constructEvent("{}", "t=1,v1=00", endpoint.secret), {
  type: "StripeSignatureVerificationError",
});
held("events of the account arrive signed, and can be read back");

// What every call can do
const order = { amount: 700, currency: "eur", source: "tok_visa" };
const once = { ...seller, idempotencyKey: "order-7" };
const first = await stripe.charges.create(order, once);
const again = await stripe.charges.create(order, once);
assert.equal(first.id, again.id);
assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
await refused("StripeIdempotencyError", () => stripe.charges.create({ ...order, amount: 701 }, once));
held("an idempotency key replays, and is refused for other parameters");

const made = [];
for (let number = 0; number < 250; number += 1) {
  made.unshift((await stripe.customers.create({ name: `Buyer ${number}` }, other)).id);
}
const listed = [];
for await (const one of stripe.customers.list({ limit: 100 }, other)) listed.push(one.id);
assert.deepEqual(listed, made);
const back = await stripe.customers.list({ limit: 100, ending_before: made[149] }, other);
assert.deepEqual(back.data.map((one) => one.id), made.slice(49, 149));
assert.equal(back.has_more, true);
held("250 objects, page by page, forwards and backwards");

const keeper = await stripe.customers.create({ name: "Keeper" }, seller);
const card = await stripe.paymentMethods.attach("pm_card_visa", { customer: keeper.id }, seller);
await stripe.paymentIntents.create(
  { amount: 800, currency: "eur", customer: keeper.id, payment_method: card.id, confirm: true, off_session: true },
  seller,
);
const expand = ["data.customer", "data.balance_transaction"];
const kept = (await stripe.charges.list({ customer: keeper.id, expand }, seller)).data[0];
assert.deepEqual([kept.customer.name, kept.balance_transaction.amount], ["Keeper", 800]);
const wrong = await refused("StripeInvalidRequestError", () => stripe.charges.retrieve(kept.id, { expand: ["amount"] }, seller));
assert.match(wrong.message, /expand/);
held("objects are expanded, in lists too; what cannot be is refused");

const query = "metadata['from']:'node' AND email:'buyer@example.com'";
assert.deepEqual((await stripe.customers.search({ query }, seller)).data.map((one) => one.id), [customer.id]);
held("search finds by metadata");

const file = { data: Buffer.from("%PDF-1.4 proof"), name: "proof.pdf", type: "application/pdf" };
const proof = await stripe.files.create({ purpose: "dispute_evidence", file }, seller);
assert.equal(proof.size, 14);
assert.equal((await stripe.files.retrieve(proof.id, {}, seller)).filename, "proof.pdf");
held("a file is uploaded");

// Refusals
const declined = await refused("StripeCardError", () =>
  stripe.charges.create({ ...order, source: "tok_chargeDeclined" }, seller),
);
assert.deepEqual([declined.statusCode, declined.decline_code], [402, "generic_decline"]);
const unknown = await refused("StripeInvalidRequestError", () => stripe.customers.create({ colour: "green" }, seller));
held("a declined card is 402 with its reason, an unknown parameter 400 with its name");

const patient = clientOf(key, { maxNetworkRetries: 2 });
const hasty = clientOf(key, { maxNetworkRetries: 0 });
await fault(base, key, { then: "rate_limit", path: "/v1/balance", times: 1 });
assert.equal((await refused("StripeRateLimitError", () => hasty.balance.retrieve())).statusCode, 429);
await fault(base, key, { then: "drop_after", path: "/v1/customers", method: "POST", times: 1 });
const survivor = await patient.customers.create({ name: "Survivor" }, other);
const newest = (await stripe.customers.list({ limit: 3 }, other)).data;
assert.deepEqual(newest.filter((one) => one.name === "Survivor").map((one) => one.id), [survivor.id]);
held("429 is a RateLimitError; a lost answer is retried without doing it twice");

const gone = await stripe.oauth.deauthorize({ client_id: clientId, stripe_user_id: account });
assert.equal(gone.stripe_user_id, account);
const after = await refused("StripePermissionError", () => stripe.charges.retrieve(charge.id, {}, seller));
await refused("StripeAuthenticationError", () => clientOf(fresh.access_token).customers.list());
assert.equal((await hook("account.application.deauthorized")).account, account);
held("deauthorize ends it: no access, no token, a last webhook");

hooks.close();
console.log(
  JSON.stringify({
    steps,
    account,
    charge: charge.id,
    declined: declined.code,
    unknown_parameter: unknown.param,
    bad_code: badCode.rawType ?? badCode.type,
    after_deauthorize: after.code,
  }),
);
