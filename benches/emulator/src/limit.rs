//! What is possible at all here: an axum handler that answers bytes it has.

use axum::Router;
use axum::routing::get;

/// About what a customer takes.
const OBJECT: &str = concat!(
    r#"{"id":"cus_Nffrfeujupsto3","object":"customer","address":null,"balance":0,"created":1680893993,"currency":null,"#,
    r#""default_source":null,"delinquent":false,"description":null,"discount":null,"email":"ann@example.com","#,
    r#""invoice_prefix":"0759376C","invoice_settings":{"custom_fields":null,"default_payment_method":null,"footer":null,"#,
    r#""rendering_options":null},"livemode":false,"metadata":{"order":"1"},"name":"Ann","next_invoice_sequence":1,"#,
    r#""phone":null,"preferred_locales":[],"shipping":null,"tax_exempt":"none","test_clock":null}"#
);

/// Serves until killed.
pub async fn serve(port: u16) {
    let page = format!(
        r#"{{"object":"list","data":[{}],"has_more":true,"url":"/v1/customers"}}"#,
        [OBJECT; 100].join(",")
    );
    let page: &'static str = page.leak();
    let routes = Router::new()
        .route(
            "/v1/customers",
            get(async move || page).post(async || OBJECT),
        )
        .route("/v1/customers/{id}", get(async || OBJECT));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .expect("a free port");
    axum::serve(listener, routes).await.expect("it serves");
}
