//! Reports about balance transactions.

use crate::client::{START, caller, emulator, event_types, id};

#[tokio::test]
async fn itemized_report_lists_balance_transactions() {
    let api = caller(&emulator(), "sk_test_products");
    api.post("/v1/charges", "amount=1000&currency=usd&source=tok_visa")
        .await
        .ok();
    let types = api.get("/v1/reporting/report_types", "").await.ok();
    assert!(types["data"].as_array().unwrap().len() > 3);
    let parameters = format!(
        "parameters[interval_start]={}&parameters[interval_end]={}",
        START - 10,
        START
    );
    let empty = format!("report_type=balance_change_from_activity.itemized.3&{parameters}");
    let run = api.post("/v1/reporting/report_runs", &empty).await.ok();
    assert_eq!(run["status"], "pending");
    let path = format!("/v1/reporting/report_runs/{}", id(&run));
    let done = api.get(&path, "").await.ok();
    assert_eq!(
        (&done["status"], &done["succeeded_at"]),
        (&"succeeded".into(), &START.into())
    );
    assert_eq!(
        event_types(&api, 1).await,
        ["reporting.report_run.succeeded"]
    );
    let content = format!("/v1/files/{}/contents", id(&done["result"]));
    assert_eq!(api.get(&content, "").await.body.lines().count(), 1);
    let unknown = api
        .post(
            "/v1/reporting/report_runs",
            &format!("report_type=what.1&{parameters}"),
        )
        .await;
    assert!(
        unknown.error().1.contains("payouts.summary.1"),
        "{}",
        unknown.body
    );
    let backwards =
        "report_type=payouts.summary.1&parameters[interval_start]=5&parameters[interval_end]=5";
    let backwards = api.post("/v1/reporting/report_runs", backwards).await;
    assert_eq!(backwards.error().3, "parameters[interval_end]");
}

#[tokio::test]
async fn summary_report_adds_amounts_by_category() {
    let stripe = emulator();
    let api = caller(&stripe, "sk_test_products");
    for amount in [1000, 2000] {
        api.post(
            "/v1/charges",
            &format!("amount={amount}&currency=usd&source=tok_visa"),
        )
        .await
        .ok();
    }
    stripe.clock().advance(std::time::Duration::from_secs(10));
    let form = format!(
        "report_type=balance_change_from_activity.summary.1&parameters[interval_start]={START}&parameters[interval_end]={}\
         &parameters[columns][]=reporting_category&parameters[columns][]=count&parameters[columns][]=gross",
        START + 5
    );
    let run = api.post("/v1/reporting/report_runs", &form).await.ok();
    let done = api
        .get(&format!("/v1/reporting/report_runs/{}", id(&run)), "")
        .await
        .ok();
    let content = api
        .get(&format!("/v1/files/{}/contents", id(&done["result"])), "")
        .await;
    assert_eq!(
        content.body,
        "\"reporting_category\",\"count\",\"gross\"\n\"charge\",\"2\",\"30.00\"\n"
    );
}
