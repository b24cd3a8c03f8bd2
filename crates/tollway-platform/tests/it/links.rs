//! Signed links: invalid ones are refused and change nothing.

use crate::app::App;
use http::StatusCode;
use tollway_platform::LinkError;
use tollway_platform::store::Page;

async fn refused(app: &App, url: &str) -> StatusCode {
    let mut browser = app.browser();
    let shown = browser.get(url).await;
    assert!(shown.body.contains("<h1>"), "a page: {}", shown.body);
    assert!(browser.cookies.is_empty(), "no cookie");
    assert!(
        app.platform
            .store()
            .attempts(Page::newest(1))
            .await
            .expect("reads")
            .is_empty(),
        "no attempt"
    );
    shown.status
}

#[tokio::test]
async fn a_tenant_in_the_query_alone_is_refused() {
    let app = App::new().await;
    assert_eq!(
        refused(&app, "/connect/shop/start?tenant=t1").await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        refused(&app, "/connect/shop/start").await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(refused(&app, "/connect/shop").await, StatusCode::FORBIDDEN);
    assert_eq!(
        refused(
            &app,
            "/connect/shop/start?tenant=t1&mode=test&expires=9999999999&signature="
        )
        .await,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn any_change_breaks_the_signature() {
    let app = App::new().await;
    let link = app.platform.start_link("tenant-1").start().expect("a link");
    for (from, to) in [
        ("tenant-1", "tenant-2"),
        ("mode=test", "mode=live"),
        ("expires=1", "expires=2"),
        ("/shop/", "/other/"),
    ] {
        assert!(link.contains(from), "{link} has {from}");
        let status = refused(&app, &link.replace(from, to)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{from} -> {to}");
    }
    assert_eq!(
        refused(&app, &format!("{link}x")).await,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn a_link_expires() {
    let app = App::new().await;
    let link = app
        .platform
        .start_link("tenant-1")
        .valid_for_seconds(60)
        .start()
        .expect("a link");
    app.advance(60);
    assert_eq!(refused(&app, &link).await, StatusCode::GONE);
}

#[tokio::test]
async fn a_return_address_must_be_configured() {
    let app = App::new().await;
    let link = |url: &str| app.platform.start_link("tenant-1").return_to(url).start();
    assert!(link("https://shop.example/done?order=1").is_ok());
    for url in [
        "https://evil.example/done",
        "https://shop.example/other",
        "javascript:alert(1)",
        "https://shop.example@evil.example/done",
    ] {
        assert_eq!(link(url), Err(LinkError::Return(url.to_owned())));
    }
}

#[tokio::test]
async fn tenants_and_prefills_are_checked() {
    let app = App::new().await;
    assert_eq!(app.platform.start_link("").start(), Err(LinkError::Tenant));
    assert_eq!(
        app.platform.start_link("a\nb").start(),
        Err(LinkError::Tenant)
    );
    let odd = app
        .platform
        .start_link("t")
        .prefill("is_admin", "1")
        .start();
    assert_eq!(odd, Err(LinkError::Prefill("is_admin".to_owned())));
}

#[tokio::test]
async fn a_tenant_may_be_any_text() {
    let app = App::new().await;
    let tenant = "Käse & Co/=?signature=x&tenant=y";
    let mut browser = app.browser();
    browser.start(&app, tenant).await;
    let attempts = app
        .platform
        .store()
        .attempts(Page::newest(1))
        .await
        .expect("reads");
    assert_eq!(attempts[0].tenant, tenant);
}
