//! Files up and down, over the host that Stripe has for them. <https://docs.stripe.com/file-upload>

use tollway::api::{File, FileCreatePurpose};
use tollway::params::Upload;
use tollway::{Client, Error};

/// Uploads evidence for a dispute.
pub async fn upload(client: &Client, name: &str, content: Vec<u8>) -> Result<File, Error> {
    let file = Upload::new(name, content).content_type("application/pdf");
    client
        .files()
        .create(file, FileCreatePurpose::DisputeEvidence)
        .send()
        .await
}

/// Downloads a file as it arrives, however big it is.
pub async fn download(client: &Client, file: &str) -> Result<Vec<u8>, Error> {
    let mut chunks = client.file_contents(file).download().await?;
    let mut content = Vec::new(); // or a file
    while let Some(chunk) = chunks.next().await {
        content.extend_from_slice(&chunk?);
    }
    Ok(content)
}

/// A quote as PDF, whole. `download()` in place of `send()` gives it piece by piece.
pub async fn quote(client: &Client, quote: &str) -> Result<Vec<u8>, Error> {
    Ok(client.quotes().pdf(quote).send().await?.to_vec())
}
