use std::path::Path;

use super::*;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn minimal() -> String {
    format!(
        "sealing_keys = [\"{KEY}\"]\n[platforms.shop]\nname = \"Shop\"\n[platforms.shop.test]\nclient_id = \"ca_1\"\nsecret_key = \"sk_test_1\"\n"
    )
}

fn with_env(file: &str, vars: &[(&str, &str)]) -> Result<PlatformConfig, ConfigError> {
    let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    PlatformConfig::from_layers(Some(("platform.toml", file)), vars)
}

fn problem(result: Result<PlatformConfig, ConfigError>) -> String {
    result.expect_err("must be refused").to_string()
}

#[test]
fn the_smallest_file_is_enough() {
    let config = PlatformConfig::from_toml(&minimal()).expect("is fine");
    let realm = Realm::new("shop", Mode::Test);
    assert_eq!(
        config.redirect_uri(&realm),
        "http://127.0.0.1:8790/connect/shop/callback"
    );
    assert_eq!(config.realms().collect::<Vec<_>>(), [realm]);
    assert_eq!(config.connect.attempt_lifetime_seconds, 1800);
    assert!(!config.operator.enabled());
}

#[test]
fn the_sample_platform_of_the_default_file_is_valid() {
    let sample = layers::with_sample_platform()
        .replace("sealing_keys = []", &format!("sealing_keys = [\"{KEY}\"]"));
    let config = PlatformConfig::from_toml(&sample).expect("the documentation is right");
    assert_eq!(config.realms().count(), 2);
}

#[test]
fn the_default_file_alone_says_what_is_missing() {
    let error = PlatformConfig::load(None, []).expect_err("nothing is configured");
    let keys: Vec<_> = error
        .problems()
        .iter()
        .map(|problem| problem.key.as_str())
        .collect();
    assert_eq!(keys, ["sealing_keys", "platforms"]);
    insta::assert_snapshot!(error);
}

#[test]
fn every_key_can_be_set_by_environment() {
    let config = with_env(
        &minimal(),
        &[
            ("TOLLWAY_PLATFORM__LISTEN", "127.0.0.1:9"),
            ("TOLLWAY_PLATFORM__CONNECT__LINK_LIFETIME_SECONDS", "7"),
            ("TOLLWAY_PLATFORM__CONNECT__ALLOW_SHARED_ACCOUNTS", "true"),
            (
                "TOLLWAY_PLATFORM__PLATFORMS__SHOP__TEST__CONNECT_WEBHOOK_SECRETS",
                "whsec_a, whsec_b",
            ),
            ("TOLLWAY_PLATFORM__PLATFORMS__MY_SHOP__NAME", "Mine"),
            (
                "TOLLWAY_PLATFORM__PLATFORMS__MY_SHOP__TEST__CLIENT_ID",
                "ca_2",
            ),
            (
                "TOLLWAY_PLATFORM__PLATFORMS__MY_SHOP__TEST__SECRET_KEY",
                "sk_test_2",
            ),
            ("PATH", "/bin"),
        ],
    )
    .expect("is fine");
    assert_eq!(config.listen.port(), 9);
    assert_eq!(config.connect.link_lifetime_seconds, 7);
    assert!(config.connect.allow_shared_accounts);
    assert_eq!(
        config.platforms["shop"]
            .test
            .as_ref()
            .expect("test")
            .connect_webhook_secrets
            .len(),
        2
    );
    assert_eq!(config.platforms["my-shop"].name, "Mine");
}

#[test]
fn refusals_name_the_key_and_what_to_do() {
    let unknown = format!("{}redirect_url = \"x\"\n", minimal());
    let bad_type = minimal().replace(
        "[platforms.shop]",
        "[connect]\nwait_seconds = \"long\"\n[platforms.shop]",
    );
    let live_key = minimal().replace("sk_test_1", "sk_live_1");
    let plain_http = format!("public_url = \"http://shop.example\"\n{}", minimal());
    let no_mode = minimal().replace("name = \"Shop\"", "name = \"Shop\"\nmode = \"live\"");
    let blank_secret = format!("{}connect_webhook_secrets = [\"\"]\n", minimal());
    let bad_password = format!("{}[operator]\npassword_hash = \"hunter2\"\n", minimal());
    let zero = format!("{}[web]\nrequests_per_minute = 0\n", minimal());
    let all = [
        problem(PlatformConfig::from_toml("listen = ")),
        problem(PlatformConfig::from_toml(&unknown)),
        problem(PlatformConfig::from_toml(&bad_type)),
        problem(PlatformConfig::from_toml(&live_key)),
        problem(PlatformConfig::from_toml(&plain_http)),
        problem(PlatformConfig::from_toml(&no_mode)),
        problem(PlatformConfig::from_toml(&blank_secret)),
        problem(PlatformConfig::from_toml(&bad_password)),
        problem(PlatformConfig::from_toml(&zero)),
        problem(PlatformConfig::from_toml(
            &minimal().replace("shop", "My_Shop"),
        )),
        problem(with_env(&minimal(), &[("TOLLWAY_PLATFORM__LISTN", "x")])),
        problem(with_env(
            &minimal(),
            &[("TOLLWAY_PLATFORM__CONNECT__WAIT_SECONDS", "soon")],
        )),
        problem(PlatformConfig::load(
            Some(Path::new("/no/such/file.toml")),
            [],
        )),
    ];
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn debug_shows_no_secret() {
    let config = PlatformConfig::from_toml(&minimal()).expect("is fine");
    let text = format!("{config:?}");
    assert!(!text.contains("sk_test_1") && !text.contains(KEY), "{text}");
}
