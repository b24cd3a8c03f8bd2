// What is not Stripe's client: the seller in front of the OAuth page, the platform's webhook receiver, the control API.

import assert from "node:assert/strict";
import { createServer } from "node:http";

export const RETURNS_TO = "http://127.0.0.1:1/callback";

/** A seller opens an authorize URL and presses Connect or Deny; gives the query of the redirect back. */
export async function answerPage(url, email, { decision = "connect", account = "new" } = {}) {
  const page = await fetch(url);
  const html = await page.text();
  assert.equal(page.status, 200, html);
  const form = new URLSearchParams({ decision, account });
  if (account === "new") {
    assert.ok(html.includes(email), "the prefilled address is in the form");
    form.set("stripe_user[email]", email);
    form.set("stripe_user[business_name]", "Node Noodles");
    form.set("stripe_user[country]", "FR");
    form.set("stripe_user[url]", "");
  }
  const answer = await fetch(url, { method: "POST", body: form, redirect: "manual" });
  const location = answer.headers.get("location");
  assert.ok(location?.startsWith(RETURNS_TO), `${answer.status} ${location}`);
  return Object.fromEntries(new URL(location).searchParams);
}

/** Makes the emulator misbehave for this key. */
export async function fault(base, key, fault) {
  const answer = await fetch(`${base}/_tollway/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ key, ...fault }),
  });
  assert.ok(answer.ok, await answer.text());
}

/** A webhook endpoint on a free loopback port; it keeps raw bodies with their signatures. */
export class Receiver {
  #deliveries = [];
  #waiting = [];

  async listen() {
    this.server = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const delivery = { body: Buffer.concat(chunks), signature: request.headers["stripe-signature"] };
      const waiting = this.#waiting.shift();
      if (waiting) waiting(delivery);
      else this.#deliveries.push(delivery);
      response.end();
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}/hook`;
  }

  /** The next delivery of this type, verified by Stripe's client on the way. */
  async waitFor(stripe, secret, wanted) {
    for (;;) {
      const { body, signature } =
        this.#deliveries.shift() ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
      const event = stripe.webhooks.constructEvent(body, signature, secret);
      if (event.type === wanted) return event;
    }
  }

  close() {
    this.server.close();
  }
}
