//! What the platform and what only the owner can change of an account, and the events of both.

use serde_json::Value;

use crate::marketplace::Marketplace;
use crate::support::Answer;

const KEY: &str = "sk_test_market";
const LIVE: &str = "sk_live_market";

fn said(answer: &Answer) -> String {
    let error = answer.json();
    error["error"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn platform_cannot_change_owner_members_after_onboarding_started() {
    let market = Marketplace::new(KEY);
    let id = market.account("express").await;
    let own = format!("/v1/accounts/{id}");
    let named = [
        ("individual[first_name]", "Ada"),
        ("business_type", "individual"),
    ];
    market.post(&own, &named).await.ok();
    let bank = [
        ("external_account[object]", "bank_account"),
        ("external_account[country]", "US"),
        ("external_account[currency]", "usd"),
        ("external_account[account_number]", "000123456789"),
    ];
    // Even before that, its banks are not the platform's to manage one by one.
    let refused = market
        .post(&format!("{own}/external_accounts"), &bank)
        .await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    let page = market.onboarding_link(&id, &[]).await;
    let refused = market.post(&own, &named).await;
    assert_eq!(refused.status, 403);
    let expected = format!(
        "This application does not have the required permissions for the parameters 'business_type','individual' on account '{id}'."
    );
    assert_eq!(said(&refused), expected);
    let refused = market.post(&own, &bank).await;
    assert!(said(&refused).contains("the parameter 'external_account' on"));
    let persons = format!("{own}/persons");
    let refused = market.post(&persons, &[("first_name", "Ada")]).await;
    assert_eq!(refused.status, 403);
    let metadata = [("metadata[k]", "v"), ("business_profile[name]", "Bread")];
    market.post(&own, &metadata).await.ok();
    market.stripe.press(&page, &[("decision", "skip")]).await;
    assert_eq!(market.get(&own).await["charges_enabled"], true);

    // Of a Custom account the platform goes on telling everything.
    let custom = market.account("custom").await;
    market.onboarding_link(&custom, &[]).await;
    let path = format!("/v1/accounts/{custom}");
    market.post(&path, &named).await.ok();
    market.post(&path, &bank).await.ok();
}

#[tokio::test]
async fn account_link_can_collect_eventually_due_fields() {
    let market = Marketplace::new(KEY);
    let id = market.account("express").await;
    let path = format!("/v1/accounts/{id}");
    let now = market.onboarding_link(&id, &[]).await;
    market.stripe.press(&now, &[("decision", "skip")]).await;
    let account = market.get(&path).await;
    let requirements = &account["requirements"];
    assert_eq!(requirements["currently_due"], serde_json::json!([]));
    let later = serde_json::json!(["individual.id_number"]);
    assert_eq!(requirements["eventually_due"], later);
    assert_eq!(account["charges_enabled"], true);
    let both = [
        ("collect", "eventually_due"),
        ("collection_options[fields]", "eventually_due"),
    ];
    let mut form = vec![
        ("account", id.as_str()),
        ("type", "account_onboarding"),
        ("refresh_url", "https://market.example/again"),
        ("return_url", "https://market.example/done"),
    ];
    form.extend(both);
    assert_eq!(market.post("/v1/account_links", &form).await.status, 400);
    let all = market.onboarding_link(&id, &both[1..]).await;
    let page = market.stripe.get(&all).await;
    assert!(
        page.body.contains("name=\"individual.id_number\""),
        "{}",
        page.body
    );
    market.stripe.press(&all, &[("decision", "skip")]).await;
    let account = market.get(&path).await;
    assert_eq!(
        account["requirements"]["eventually_due"],
        serde_json::json!([])
    );
}

#[tokio::test]
async fn changes_of_an_account_emit_events() {
    let market = Marketplace::new(KEY);
    let id = market.account("custom").await;
    let own = format!("/v1/accounts/{id}");
    market
        .stripe
        .press(
            &market.onboarding_link(&id, &[]).await,
            &[("decision", "skip")],
        )
        .await;
    let types = |events: &[(String, Value)], event: &str| {
        events.iter().filter(|(type_, _)| type_ == event).count()
    };
    let events = market.account_events(&id).await;
    assert_eq!(types(&events, "capability.updated"), 2, "{events:?}");
    assert_eq!(types(&events, "account.external_account.created"), 1);
    let (_, active) = events
        .iter()
        .rfind(|it| it.0 == "capability.updated")
        .unwrap();
    assert_eq!(
        (
            &active["object"]["status"],
            &active["previous_attributes"]["status"]
        ),
        (&"active".into(), &"inactive".into())
    );
    // Another bank account in place of the default one of its currency; one in another currency beside it.
    let bank = |currency, country, number| {
        [
            ("external_account[object]", "bank_account"),
            ("external_account[country]", country),
            ("external_account[currency]", currency),
            ("external_account[account_number]", number),
        ]
    };
    let euros = market
        .post(&own, &bank("eur", "DE", "DE89370400440532013000"))
        .await
        .ok();
    assert_eq!(euros["external_accounts"]["total_count"], 2);
    let dollars = market
        .post(&own, &bank("usd", "US", "000111111116"))
        .await
        .ok();
    assert_eq!(dollars["external_accounts"]["total_count"], 2);
    let events = market.account_events(&id).await;
    assert_eq!(types(&events, "account.external_account.created"), 3);
    assert_eq!(types(&events, "account.external_account.deleted"), 1);
    let all = market.get(&format!("{own}/external_accounts")).await;
    for (bank, status) in all["data"].as_array().unwrap().iter().zip([200, 400]) {
        let path = format!("{own}/external_accounts/{}", bank["id"].as_str().unwrap());
        let answer = market.delete(&path).await;
        assert_eq!(
            answer.status, status,
            "{} {}",
            bank["currency"], answer.body
        );
    }
}

#[tokio::test]
async fn account_session_can_disable_sign_in_only_if_the_platform_collects_requirements() {
    let market = Marketplace::new(KEY);
    let feature = "components[account_onboarding][features][disable_stripe_user_authentication]";
    for (kind, status) in [("custom", 200), ("express", 400)] {
        let id = market.account(kind).await;
        let form = [
            ("account", id.as_str()),
            ("components[account_onboarding][enabled]", "true"),
            (feature, "true"),
        ];
        let answer = market.post("/v1/account_sessions", &form).await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.body);
        if status == 400 {
            assert_eq!(answer.json()["error"]["param"], feature);
        }
    }
}

#[tokio::test]
async fn live_account_can_be_rejected_or_deleted_only_without_balance() {
    for (kind, live, deleted, rejected) in [("custom", 400, 200, 200), ("standard", 403, 403, 400)]
    {
        let market = Marketplace::new(LIVE);
        let id = market.account(kind).await;
        market
            .stripe
            .press(
                &market.onboarding_link(&id, &[]).await,
                &[("decision", "skip")],
            )
            .await;
        let form = [
            ("amount", "1000"),
            ("currency", "usd"),
            ("source", "tok_bypassPending"),
            ("transfer_data[destination]", id.as_str()),
        ];
        let charge = market.post("/v1/charges", &form).await.ok();
        let own = format!("/v1/accounts/{id}");
        let refused = market.delete(&own).await;
        assert_eq!(refused.status, live, "{}", refused.body);
        let reject = format!("{own}/reject");
        let reason = [("reason", "fraud_other")];
        assert_eq!(market.post(&reject, &reason).await.status, 400);
        if kind == "custom" {
            assert!(said(&refused).ends_with("Currencies with non-zero balances: usd."));
        }
        let transfer = charge["transfer"].as_str().unwrap();
        let back = format!("/v1/transfers/{transfer}/reversals");
        market.post(&back, &[]).await.ok();
        let answer = market.post(&reject, &reason).await;
        assert_eq!(answer.status, rejected, "{}", answer.body);
        assert_eq!(market.delete(&own).await.status, deleted);
    }
    // Test accounts may be deleted at any time.
    let market = Marketplace::new(KEY);
    for kind in ["custom", "express", "standard"] {
        let own = format!("/v1/accounts/{}", market.account(kind).await);
        let gone = market.delete(&own).await;
        assert_eq!(gone.status, 200, "{kind}: {}", gone.body);
    }
}
