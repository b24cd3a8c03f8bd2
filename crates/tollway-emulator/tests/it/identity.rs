//! Identity: verification sessions and their page.

use serde_json::Value;

use crate::client::{caller, emulator, event_types, id};

#[tokio::test]
async fn verification_session_is_verified_on_its_page() {
    let api = caller(&emulator(), "sk_test_products");
    let form = "type=document&options[document][require_matching_selfie]=true&return_url=http://localhost:3000/back";
    let session = api
        .post("/v1/identity/verification_sessions", form)
        .await
        .ok();
    let secret = session["client_secret"].as_str().unwrap();
    assert!(secret.starts_with(&format!("{}_secret_", id(&session))));
    let url = session["url"].as_str().unwrap();
    let page = url
        .split_once("/_tollway")
        .map(|(_, rest)| format!("/_tollway{rest}"))
        .unwrap();
    assert!(
        api.get(&page, "")
            .await
            .body
            .contains("Verify your identity")
    );
    let failed = api.post(&page, "decision=fail").await;
    assert_eq!(
        failed.header("location"),
        Some("http://localhost:3000/back")
    );
    let path = format!("/v1/identity/verification_sessions/{}", id(&session));
    let again = api.get(&path, "").await.ok();
    assert_eq!(
        (&again["status"], &again["last_error"]["code"]),
        (
            &"requires_input".into(),
            &"document_unverified_other".into()
        )
    );
    assert_eq!(api.post(&page, "decision=verify").await.status, 303);
    let verified = api
        .get(
            &path,
            "expand[]=last_verification_report&expand[]=verified_outputs",
        )
        .await
        .ok();
    assert_eq!(
        (&verified["status"], &verified["url"]),
        (&"verified".into(), &Value::Null)
    );
    let report = &verified["last_verification_report"];
    assert_eq!(
        (&report["document"]["status"], &report["selfie"]["status"]),
        (&"verified".into(), &"verified".into())
    );
    assert_eq!(verified["verified_outputs"]["first_name"], "Jenny");
    let plain = api.get(&path, "").await.ok();
    assert_eq!(plain["verified_outputs"], Value::Null);
    assert_eq!(
        event_types(&api, 2).await,
        [
            "identity.verification_session.verified",
            "identity.verification_session.processing"
        ]
    );
    assert_eq!(api.post(&page, "decision=verify").await.status, 409);
}
