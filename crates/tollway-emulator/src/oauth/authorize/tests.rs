use super::*;

const OPEN: ClientPolicy<'static> = ClientPolicy {
    mode: Mode::Test,
    redirect_uris: &[],
    strict: false,
};

fn check(query: &str, policy: &ClientPolicy<'_>) -> Result<ValidAuthorization, OAuthError> {
    AuthorizeRequest::parse(query).check(AuthorizeEndpoint::Standard, policy)
}

#[test]
fn reads_the_query_with_its_prefills() {
    let request = AuthorizeRequest::parse(
        "client_id=ca_1&response_type=code&scope=read_write&state=a%20b&stripe_user%5Bemail%5D=a%40b.c&stripe_user[zip]=010&suggested_capabilities[]=transfers&suggested_capabilities[1]=card_payments&other=1",
    );
    assert_eq!(request.client_id(), Ok("ca_1"));
    assert_eq!(request.state.as_deref(), Some("a b"));
    assert_eq!(request.stripe_user["email"], "a@b.c");
    assert_eq!(request.stripe_user["zip"], "010");
    assert_eq!(
        request.suggested_capabilities,
        ["transfers", "card_payments"]
    );
}

#[test]
fn scope_defaults_to_read_only_and_express_has_its_own() {
    let query = "response_type=code&redirect_uri=http://localhost:1/cb";
    assert_eq!(check(query, &OPEN).unwrap().scope, GrantScope::ReadOnly);
    let express = AuthorizeRequest::parse(query)
        .check(AuthorizeEndpoint::Express, &OPEN)
        .unwrap();
    assert_eq!(express.scope, GrantScope::Express);
}

#[test]
fn each_invalid_parameter_has_its_error_with_state() {
    use OAuthErrorCode::{
        InvalidRedirectUri, InvalidRequest, InvalidScope, UnsupportedResponseType,
    };
    let uri = "redirect_uri=http://localhost:1/cb";
    for (query, code) in [
        (uri.to_owned(), InvalidRequest),
        (format!("response_type=&{uri}"), InvalidRequest),
        (
            format!("response_type=token&{uri}"),
            UnsupportedResponseType,
        ),
        (format!("response_type=code&scope=all&{uri}"), InvalidScope),
        ("response_type=code".to_owned(), InvalidRedirectUri),
        (
            "response_type=code&redirect_uri=nonsense".to_owned(),
            InvalidRedirectUri,
        ),
        (
            "response_type=code&redirect_uri=javascript:alert(1)".to_owned(),
            InvalidRedirectUri,
        ),
        (
            "response_type=code&redirect_uri=https://shop.example/cb".to_owned(),
            InvalidRedirectUri,
        ),
        (
            "response_type=code&redirect_uri=http://localhost.evil.example/cb".to_owned(),
            InvalidRedirectUri,
        ),
        (
            "response_type=code&redirect_uri=http://localhost/cb%23x".to_owned(),
            InvalidRedirectUri,
        ),
    ] {
        let error = check(&format!("{query}&state=s1"), &OPEN).unwrap_err();
        assert_eq!(
            (error.code, error.state.as_deref()),
            (code, Some("s1")),
            "{query}"
        );
    }
}

#[test]
fn configured_uris_match_character_for_character_and_the_first_is_the_default() {
    let uris = [
        "https://shop.example/cb".to_owned(),
        "https://shop.example/b".to_owned(),
    ];
    let policy = ClientPolicy {
        mode: Mode::Live,
        redirect_uris: &uris,
        strict: false,
    };
    assert_eq!(
        check("response_type=code", &policy)
            .unwrap()
            .redirect_uri
            .as_str(),
        uris[0]
    );
    assert!(
        check(
            "response_type=code&redirect_uri=https://shop.example/b",
            &policy
        )
        .is_ok()
    );
    for near in [
        "https://shop.example/cb/",
        "https://shop.example:443/cb",
        "http://localhost/cb",
    ] {
        let error = check(&format!("response_type=code&redirect_uri={near}"), &policy).unwrap_err();
        assert_eq!(error.code, OAuthErrorCode::InvalidRedirectUri, "{near}");
    }
}

#[test]
fn strict_mode_requires_configuration_and_https_in_live_mode() {
    let strict = ClientPolicy {
        strict: true,
        ..OPEN
    };
    assert!(
        check(
            "response_type=code&redirect_uri=http://localhost:1/cb",
            &strict
        )
        .is_err()
    );
    let uris = ["http://localhost:1/cb".to_owned()];
    let live = ClientPolicy {
        mode: Mode::Live,
        redirect_uris: &uris,
        strict: true,
    };
    assert!(
        check("response_type=code", &live)
            .unwrap_err()
            .description
            .contains("https")
    );
    let test = ClientPolicy {
        mode: Mode::Test,
        ..live
    };
    assert!(check("response_type=code", &test).is_ok());
}

#[test]
fn client_ids_are_validated() {
    for (query, code) in [
        ("", OAuthErrorCode::InvalidRequest),
        ("client_id=", OAuthErrorCode::InvalidRequest),
        ("client_id=acct_1", OAuthErrorCode::InvalidClient),
        ("client_id=ca_", OAuthErrorCode::InvalidClient),
        ("client_id=ca_%0A", OAuthErrorCode::InvalidClient),
    ] {
        assert_eq!(
            AuthorizeRequest::parse(query).client_id().unwrap_err().code,
            code,
            "{query}"
        );
    }
}

#[test]
fn redirects_keep_the_query_of_the_uri() {
    let uri = Url::parse("http://localhost:1/cb?tenant=7").unwrap();
    assert_eq!(
        success_redirect(&uri, "ac_1", GrantScope::ReadWrite, Some("a&b")).as_str(),
        "http://localhost:1/cb?tenant=7&scope=read_write&code=ac_1&state=a%26b"
    );
    let denied = denied_redirect(&uri, None);
    assert!(
        denied
            .as_str()
            .starts_with("http://localhost:1/cb?tenant=7&error=access_denied&error_description=")
    );
    assert!(!denied.as_str().contains("state"));
}
