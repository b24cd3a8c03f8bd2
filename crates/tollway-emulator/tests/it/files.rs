//! Files and file links.

use crate::client::{caller, emulator};

const BODY: &str = "--XX\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\ndispute_evidence\r\n--XX\r\n\
                    Content-Disposition: form-data; name=\"file\"; filename=\"receipt.txt\"\r\nContent-Type: text/plain\r\n\r\nhello\r\n--XX--\r\n";

#[tokio::test]
async fn file_is_stored_with_its_content() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let upload = api
        .call("POST", "/v1/files", BODY)
        .header("content-type", "multipart/form-data; boundary=XX")
        .send()
        .await
        .ok();
    assert_eq!(
        (&upload["filename"], &upload["size"], &upload["type"]),
        (&"receipt.txt".into(), &5.into(), &"txt".into())
    );
    assert_eq!(upload["purpose"], "dispute_evidence");
    let id = upload["id"].as_str().unwrap();
    assert_eq!(api.get(&format!("/v1/files/{id}"), "").await.ok(), upload);
    let content = api.get(&format!("/v1/files/{id}/contents"), "").await;
    assert_eq!(
        (content.status.as_u16(), content.body.as_str()),
        (200, "hello")
    );
    let stranger = caller(&emulator, "sk_test_b")
        .get(&format!("/v1/files/{id}/contents"), "")
        .await;
    assert_eq!(stranger.error().0, 404);
    assert_eq!(
        caller(&emulator, "")
            .get(&format!("/v1/files/{id}/contents"), "")
            .await
            .error()
            .0,
        401
    );
}

#[tokio::test]
async fn file_create_requires_a_file() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    assert_eq!(
        api.post("/v1/files", "purpose=dispute_evidence")
            .await
            .error()
            .3,
        "file"
    );
    assert_eq!(
        api.post("/v1/files", "purpose=dispute_evidence&file=text")
            .await
            .error()
            .3,
        "file"
    );
    let broken = api
        .call("POST", "/v1/files", "--XX\r\nnonsense")
        .header("content-type", "multipart/form-data; boundary=XX")
        .send()
        .await;
    assert_eq!(broken.error().0, 400);
}

#[tokio::test]
async fn file_link_serves_the_content_until_it_expires() {
    let emulator = emulator();
    let api = caller(&emulator, "sk_test_a");
    let upload = api
        .call("POST", "/v1/files", BODY)
        .header("content-type", "multipart/form-data; boundary=XX");
    let file = upload.send().await.ok();
    let form = format!("file={}", file["id"].as_str().unwrap());
    let link = api.post("/v1/file_links", &form).await.ok();
    let url = link["url"].as_str().unwrap();
    let (_, path) = url.split_once("/_tollway").unwrap();
    let path = format!("/_tollway{path}");
    let anybody = caller(&emulator, "");
    assert_eq!(anybody.get(&path, "").await.body, "hello");
    let own = format!("/v1/file_links/{}", link["id"].as_str().unwrap());
    let expired = api.post(&own, "expires_at=now").await.ok();
    assert_eq!(expired["expired"], true);
    assert_eq!(anybody.get(&path, "").await.status, 404);
    let missing = api.post("/v1/file_links", "file=file_none").await;
    assert_eq!(missing.error().3, "file");
}
