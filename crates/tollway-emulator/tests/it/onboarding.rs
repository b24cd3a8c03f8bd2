//! Accounts that the platform creates: requirements, and the onboarding page.

use axum::http::Method;
use serde_json::Value;

use crate::marketplace::Marketplace;
use crate::support::Answer;

const KEY: &str = "sk_test_market";

fn location(answer: &Answer) -> &str {
    answer.headers["location"].to_str().unwrap()
}

fn due(account: &Value) -> Vec<&str> {
    let due = account["requirements"]["currently_due"].as_array().unwrap();
    due.iter().map(|it| it.as_str().unwrap()).collect()
}

#[tokio::test]
async fn owner_completes_the_onboarding_page_and_returns() {
    let market = Marketplace::new(KEY);
    let id = market.account("express").await;
    let own = format!("/v1/accounts/{id}");
    let login = format!("{own}/login_links");
    assert_eq!(market.post(&login, &[]).await.status, 400, "not yet");
    let path = market.onboarding_link(&id, &[]).await;
    let page = market.stripe.get(&path).await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("name=\"business_type\""),
        "{}",
        page.body
    );

    // The page asks on until nothing is missing.
    let first = [
        ("business_type", "company"),
        ("business_profile.mcc", "5734"),
        ("business_profile.url", "https://baker.example"),
        ("external_account", "000123456789"),
        ("tos_acceptance.date", "yes"),
    ];
    let more = market.stripe.press(&path, &first).await;
    assert_eq!(more.status, 200);
    assert!(more.body.contains("id=\"error\""));
    assert!(more.body.contains("name=\"representative.first_name\""));
    let done = market.stripe.press(&path, &[("decision", "skip")]).await;
    assert_eq!(location(&done), "https://market.example/done");
    let account = market.get(&own).await;
    assert_eq!(due(&account), [""; 0]);
    for name in ["charges_enabled", "payouts_enabled", "details_submitted"] {
        assert_eq!(account[name], true, "{name}");
    }
    assert_eq!(account["capabilities"]["card_payments"], "active");
    assert_eq!(account["company"]["tax_id_provided"], true);
    assert!(account["company"].get("tax_id").is_none());
    let persons = market.get(&format!("{own}/persons")).await;
    assert_eq!(persons["data"][0]["relationship"]["representative"], true);
    let login = market.post(&login, &[]).await.ok();
    assert!(login["url"].as_str().unwrap().contains(&id));

    // The link worked once.
    for answer in [
        market.stripe.get(&path).await,
        market.stripe.press(&path, &[("decision", "skip")]).await,
    ] {
        assert_eq!(location(&answer), "https://market.example/again");
    }
    let events = market
        .stripe
        .caller(KEY)
        .as_account(&id)
        .get("/v1/events?limit=50", "")
        .await
        .ok();
    let types: Vec<&str> = events["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert!(types.contains(&"person.created") && types.contains(&"account.updated"));
}

#[tokio::test]
async fn account_links_expire_and_invalid_ones_are_refused() {
    let market = Marketplace::new(KEY);
    let id = market.account("custom").await;
    let path = market.onboarding_link(&id, &[]).await;
    let later = market.stripe.press(&path, &[("decision", "later")]).await;
    assert_eq!(location(&later), "https://market.example/done");
    let odd = market.stripe.press(&path, &[("decision", "maybe")]).await;
    assert_eq!(odd.status, 400);
    market.stripe.advance(6 * 60);
    assert_eq!(
        location(&market.stripe.get(&path).await),
        "https://market.example/again"
    );
    assert_eq!(
        market.stripe.get("/_tollway/onboarding/none").await.status,
        404
    );
    let seller = market.stripe.connect("ca_market", KEY, "a@x.example").await;
    let seller = seller["stripe_user_id"].as_str().unwrap();
    for (account, refresh_url, status) in [
        (seller, "https://market.example/again", 403),
        ("acct_none", "https://market.example/again", 403),
        (id.as_str(), "market.example", 400),
    ] {
        let form = [
            ("account", account),
            ("type", "account_onboarding"),
            ("refresh_url", refresh_url),
            ("return_url", "https://market.example/done"),
        ];
        let refused = market.post("/v1/account_links", &form).await;
        assert_eq!(refused.status.as_u16(), status, "{account} {refresh_url}");
    }
    let form = [("account", id.as_str())];
    assert_eq!(market.post("/v1/account_sessions", &form).await.status, 400);
    let form = [
        ("account", id.as_str()),
        ("components[account_onboarding][enabled]", "true"),
    ];
    let session = market.post("/v1/account_sessions", &form).await.ok();
    assert!(
        session["client_secret"]
            .as_str()
            .unwrap()
            .starts_with("accs_secret_")
    );
    assert_eq!(session["components"]["account_onboarding"]["enabled"], true);
}

#[tokio::test]
async fn controller_of_an_account_follows_its_type() {
    let market = Marketplace::new(KEY);
    let form = [
        ("controller[stripe_dashboard][type]", "none"),
        ("controller[requirement_collection]", "application"),
        ("controller[losses][payments]", "application"),
        ("controller[fees][payer]", "application"),
        ("country", "US"),
    ];
    let account = market.post("/v1/accounts", &form).await.ok();
    assert_eq!(account["type"], "none");
    assert_eq!(account["controller"]["fees"]["payer"], "application");
    let mut both = form.to_vec();
    both.push(("type", "custom"));
    assert_eq!(
        market.post("/v1/accounts", &both).await.json()["error"]["param"],
        "type"
    );
    let mut wrong = form.to_vec();
    wrong[0].1 = "express";
    assert_eq!(market.post("/v1/accounts", &wrong).await.status, 400);

    // An account that the platform made with the API stays its own, a Standard one too.
    let id = market.account("standard").await;
    market.stripe.connect("ca_market", KEY, "a@x.example").await;
    let form = [("client_id", "ca_market"), ("stripe_user_id", id.as_str())];
    let refused = market.post("/oauth/deauthorize", &form).await;
    assert_eq!(
        refused.oauth_error(),
        (400, "no_deauth_on_controlled_account".to_owned())
    );
    let path = format!("/v1/accounts/{id}/reject");
    let rejected = market.post(&path, &[("reason", "other")]).await.ok();
    assert_eq!(
        rejected["requirements"]["disabled_reason"],
        "rejected.platform_other"
    );
    assert_eq!(rejected["charges_enabled"], false);
    let path = format!("/v1/accounts/{id}/unreject");
    let back = market.post(&path, &[]).await.ok();
    assert_eq!(
        back["requirements"]["disabled_reason"],
        "requirements.past_due"
    );
}

#[tokio::test]
async fn capabilities_persons_and_external_accounts_belong_to_their_account() {
    let market = Marketplace::new(KEY);
    let id = market.account("custom").await;
    let own = format!("/v1/accounts/{id}");
    let all = market.get(&format!("{own}/capabilities")).await;
    assert_eq!(all["data"].as_array().unwrap().len(), 2);
    let path = format!("{own}/capabilities/us_bank_account_ach_payments");
    assert_eq!(market.get(&path).await["status"], "unrequested");
    let asked = market.post(&path, &[("requested", "true")]).await.ok();
    assert_eq!(
        (&asked["requested"], &asked["status"]),
        (&true.into(), &"inactive".into())
    );
    assert!(
        !asked["requirements"]["currently_due"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let odd = market
        .caller()
        .get(&format!("{own}/capabilities/flying"), "")
        .await;
    assert_eq!(odd.status, 404);

    let bank = |number| {
        [
            ("external_account[object]", "bank_account"),
            ("external_account[country]", "US"),
            ("external_account[currency]", "usd"),
            ("external_account[account_number]", number),
        ]
    };
    let path = format!("{own}/external_accounts");
    let first = market.post(&path, &bank("000123456789")).await.ok();
    assert_eq!(
        (&first["last4"], &first["default_for_currency"]),
        (&"6789".into(), &true.into())
    );
    let second = market.post(&path, &bank("000111111116")).await.ok();
    assert_eq!(second["default_for_currency"], false);
    let debit = [("external_account", "tok_visa_debit")];
    assert_eq!(market.post(&path, &debit).await.ok()["object"], "card");
    let credit = [("external_account", "tok_visa")];
    assert_eq!(market.post(&path, &credit).await.status, 402);
    let listed = market.get(&format!("{path}?object=bank_account")).await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    let of = |object: &Value| format!("{path}/{}", object["id"].as_str().unwrap());
    let call = async |method, path: &str| market.stripe.call(method, path, Some(KEY), &[]).await;
    assert_eq!(
        call(Method::DELETE, &of(&first)).await.status,
        400,
        "it is the default one"
    );
    let form = [("default_for_currency", "true"), ("metadata[k]", "v")];
    let now = market.post(&of(&second), &form).await.ok();
    assert_eq!(
        (&now["default_for_currency"], &now["metadata"]["k"]),
        (&true.into(), &"v".into())
    );
    assert_eq!(
        call(Method::DELETE, &of(&first)).await.ok()["deleted"],
        true
    );
    assert_eq!(call(Method::GET, &of(&first)).await.status, 404);

    let path = format!("{own}/persons");
    let form = [
        ("first_name", "Ada"),
        ("relationship[owner]", "true"),
        ("id_number", "000000000"),
        ("dob[day]", "1"),
        ("dob[month]", "1"),
        ("dob[year]", "1901"),
    ];
    let ada = market.post(&path, &form).await.ok();
    assert_eq!(
        (&ada["account"], &ada["id_number_provided"]),
        (&id.as_str().into(), &true.into())
    );
    market.post(&path, &[("first_name", "Bob")]).await.ok();
    let owners = market
        .get(&format!("{path}?relationship[owner]=true"))
        .await;
    assert_eq!(owners["data"].as_array().unwrap().len(), 1);
    let ada = format!("{path}/{}", ada["id"].as_str().unwrap());
    let named = market.post(&ada, &[("last_name", "Baker")]).await.ok();
    assert_eq!(named["last_name"], "Baker");
    assert_eq!(call(Method::DELETE, &ada).await.ok()["deleted"], true);
    assert_eq!(call(Method::GET, &ada).await.status, 404);
}

#[tokio::test]
async fn country_spec_contains_currency_and_required_fields() {
    let api = crate::client::caller(&crate::client::emulator(), "sk_test_a");
    let germany = api.get("/v1/country_specs/DE", "").await.ok();
    assert_eq!(germany["default_currency"], "eur");
    let banks = &germany["supported_bank_account_currencies"]["eur"];
    assert!(banks.as_array().unwrap().contains(&"FR".into()));
    let asked = &germany["verification_fields"];
    let minimum = |kind: &str| asked[kind]["minimum"].as_array().unwrap();
    assert!(minimum("individual").contains(&"individual.dob.day".into()));
    assert!(minimum("company").contains(&"company.name".into()));
    assert_eq!(api.get("/v1/country_specs/XX", "").await.error().0, 404);
    let mut seen = Vec::new();
    let mut query = "limit=20".to_owned();
    loop {
        let page = api.get("/v1/country_specs", &query).await.ok();
        let ids = page["data"].as_array().unwrap().iter();
        seen.extend(ids.map(|country| country["id"].as_str().unwrap().to_owned()));
        query = format!("limit=20&starting_after={}", seen.last().unwrap());
        if page["has_more"] == false {
            break;
        }
    }
    assert!(seen.len() > 40 && seen.is_sorted());
    let before = api
        .get("/v1/country_specs", "limit=2&ending_before=AU")
        .await
        .ok();
    assert_eq!(before["data"][0]["id"], "AE");
    assert_eq!(
        api.get("/v1/country_specs", "starting_after=XX")
            .await
            .error()
            .3,
        "starting_after"
    );
}
