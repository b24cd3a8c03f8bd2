//! A new seller from the platform's prefills and the form: `stripe_user[…]`.
//!
//! Stripe ignores an invalid prefill silently; an invalid field of the form is answered with a message.

use std::collections::BTreeMap;

use crate::accounts::sellers::Seller;

/// The accounts that a prefill applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Applicability {
    Everyone,
    /// Only Standard accounts.
    Standard,
    Japan,
    StandardInJapan,
}

/// The members of `stripe_user[…]` that are stored in the seller's profile.
const PROFILE_FIELDS: &[(&str, Applicability)] = &[
    ("url", Applicability::Everyone),
    ("phone_number", Applicability::Everyone),
    ("first_name", Applicability::Everyone),
    ("last_name", Applicability::Everyone),
    ("product_description", Applicability::Everyone),
    ("business_type", Applicability::Everyone),
    ("dob_day", Applicability::Everyone),
    ("dob_month", Applicability::Everyone),
    ("dob_year", Applicability::Everyone),
    ("street_address", Applicability::Standard),
    ("city", Applicability::Everyone),
    ("state", Applicability::Standard),
    ("zip", Applicability::Standard),
    ("physical_product", Applicability::Standard),
    ("currency", Applicability::Standard),
    ("first_name_kana", Applicability::Japan),
    ("first_name_kanji", Applicability::Japan),
    ("last_name_kana", Applicability::Japan),
    ("last_name_kanji", Applicability::Japan),
    ("gender", Applicability::Japan),
    ("block_kana", Applicability::StandardInJapan),
    ("block_kanji", Applicability::StandardInJapan),
    ("building_kana", Applicability::StandardInJapan),
    ("building_kanji", Applicability::StandardInJapan),
];

fn applicability_of(name: &str) -> Option<Applicability> {
    PROFILE_FIELDS
        .iter()
        .find(|(field, _)| *field == name)
        .map(|(_, applicability)| *applicability)
}

fn is_japanese(name: &str) -> bool {
    matches!(
        applicability_of(name),
        Some(Applicability::Japan | Applicability::StandardInJapan)
    )
}

/// The prefills that are valid for an account of this type.
///
/// See the table of `stripe_user` at <https://docs.stripe.com/connect/oauth-reference>.
pub(super) fn valid_prefills(
    prefills: &BTreeMap<String, String>,
    kind: &str,
) -> BTreeMap<String, String> {
    let mut valid: BTreeMap<String, String> = prefills
        .iter()
        .filter(|(name, value)| !value.trim().is_empty() && is_valid(name, value.trim(), kind))
        .map(|(name, value)| (name.clone(), value.trim().to_owned()))
        .collect();
    let country = valid
        .get("country")
        .map(|country| country.to_ascii_uppercase());
    let japan = country.as_deref() == Some("JP");
    if country.is_none() {
        valid.retain(|name, _| !matches!(name.as_str(), "phone_number" | "state" | "currency"));
    }
    if !japan {
        valid.retain(|name, _| !is_japanese(name));
    } else if !valid.get("zip").is_some_and(|zip| is_japanese_zip(zip)) {
        valid.retain(|name, _| !name.starts_with("block_") && !name.starts_with("building_"));
    }
    if !is_birthday(&valid) {
        valid.retain(|name, _| !name.starts_with("dob_"));
    }
    valid
}

/// Whether day, month and year are present and form a date.
fn is_birthday(form: &BTreeMap<String, String>) -> bool {
    let part = |name: &str| form.get(name).and_then(|text| text.parse::<i16>().ok());
    let (year, month, day) = (part("dob_year"), part("dob_month"), part("dob_day"));
    let small = |part: Option<i16>| part.and_then(|part| i8::try_from(part).ok());
    match (year, small(month), small(day)) {
        (Some(year), Some(month), Some(day)) => jiff::civil::Date::new(year, month, day).is_ok(),
        _ => false,
    }
}

/// Seven digits, optionally with a hyphen after the third.
fn is_japanese_zip(text: &str) -> bool {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b'-').collect();
    let hyphen = text.find('-').is_none_or(|at| at == 3);
    digits.len() == 7 && digits.iter().all(u8::is_ascii_digit) && hyphen && text.len() <= 8
}

fn is_valid(name: &str, value: &str, kind: &str) -> bool {
    let standard = kind == "standard";
    let for_standard = matches!(
        applicability_of(name),
        Some(Applicability::Standard | Applicability::StandardInJapan)
    );
    if !standard && for_standard {
        return false;
    }
    let letters =
        |count: usize| value.len() == count && value.bytes().all(|byte| byte.is_ascii_alphabetic());
    match name {
        "email" => is_email(value),
        "country" => is_country(value),
        "url" => is_web_address(value),
        "phone_number" => value.len() == 10 && value.bytes().all(|byte| byte.is_ascii_digit()),
        "state" => letters(2),
        "currency" => value.len() == 3 && value.bytes().all(|byte| byte.is_ascii_lowercase()),
        "physical_product" => matches!(value, "true" | "false"),
        "gender" => matches!(value, "male" | "female"),
        "business_type" if standard => matches!(
            value,
            "sole_prop" | "corporation" | "non_profit" | "partnership" | "llc"
        ),
        "business_type" => matches!(value, "individual" | "company"),
        "dob_day" => in_range(value, 1, 31),
        "dob_month" => in_range(value, 1, 12),
        "dob_year" => in_range(value, 1901, 9999),
        "business_name" => true,
        name => applicability_of(name).is_some(),
    }
}

/// An error of one field of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldError {
    /// The `stripe_user` member.
    pub(super) field: &'static str,
    /// One sentence.
    pub(super) text: &'static str,
}

/// The new seller that the form describes. `account` is its id.
///
/// # Errors
/// The errors of the fields.
pub(super) fn from_form(
    form: &BTreeMap<String, String>,
    account: &str,
    kind: &str,
    now: i64,
) -> Result<Seller, Vec<FieldError>> {
    let value = |name: &str| {
        form.get(name)
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
    };
    let mut errors = Vec::new();
    match value("email") {
        None => errors.push(FieldError {
            field: "email",
            text: "Give the e-mail address of the new account.",
        }),
        Some(email) if !is_email(email) => {
            errors.push(FieldError {
                field: "email",
                text: "This is not an e-mail address.",
            });
        }
        Some(_) => {}
    }
    if value("country").is_some_and(|country| !is_country(country)) {
        errors.push(FieldError {
            field: "country",
            text: "Give the country as two letters, such as US.",
        });
    }
    if value("url").is_some_and(|url| !is_web_address(url)) {
        errors.push(FieldError {
            field: "url",
            text: "Give the web address with http:// or https://.",
        });
    }
    if errors.is_empty() {
        Ok(new_seller(form, account, kind, now))
    } else {
        Err(errors)
    }
}

/// The seller for a skipped form: the valid prefills, and test data for the rest.
pub(super) fn test_seller(
    prefills: &BTreeMap<String, String>,
    account: &str,
    kind: &str,
    now: i64,
) -> Seller {
    let mut form = valid_prefills(prefills, kind);
    form.entry("email".to_owned())
        .or_insert_with(|| format!("{}@seller.example", account.to_lowercase()));
    form.entry("business_name".to_owned())
        .or_insert_with(|| "Test seller".to_owned());
    new_seller(&form, account, kind, now)
}

fn new_seller(form: &BTreeMap<String, String>, account: &str, kind: &str, now: i64) -> Seller {
    let mut profile = valid_prefills(form, kind);
    let email = profile.remove("email").unwrap_or_default();
    let country = profile
        .remove("country")
        .unwrap_or_else(|| "US".to_owned())
        .to_ascii_uppercase();
    let business_name = profile.remove("business_name");
    Seller {
        account: account.to_owned(),
        kind: kind.to_owned(),
        email,
        business_name,
        country,
        profile,
        controlled_by: None,
        capabilities: Vec::new(),
        created: now,
    }
}

/// Whether the text has a name and a host around one `@`.
fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        let clean = |part: &str| {
            !part.is_empty()
                && !part.contains(|letter: char| letter == '@' || letter.is_whitespace())
        };
        clean(name) && clean(host) && !host.starts_with('.') && !host.ends_with('.')
    })
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_web_address(text: &str) -> bool {
    url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
}

fn in_range(text: &str, low: u32, high: u32) -> bool {
    text.parse()
        .is_ok_and(|number: u32| (low..=high).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn valid_form_creates_a_seller() {
        let prefills = form(&[
            ("email", " a@b.example "),
            ("business_name", "Bakery"),
            ("country", "de"),
            ("zip", "010"),
            ("odd", "x"),
        ]);
        let seller = from_form(&prefills, "acct_1", "standard", 7).unwrap();
        assert_eq!(
            (
                seller.email.as_str(),
                seller.country.as_str(),
                seller.label()
            ),
            ("a@b.example", "DE", "Bakery")
        );
        assert_eq!(seller.profile, form(&[("zip", "010")]));
    }

    #[test]
    fn each_invalid_field_has_an_error() {
        let bad = form(&[
            ("email", "nobody"),
            ("country", "Germany"),
            ("url", "shop.example"),
        ]);
        let fields: Vec<_> = from_form(&bad, "acct_1", "standard", 7)
            .unwrap_err()
            .iter()
            .map(|it| it.field)
            .collect();
        assert_eq!(fields, ["email", "country", "url"]);
        assert_eq!(
            from_form(&form(&[]), "acct_1", "standard", 7)
                .unwrap_err()
                .len(),
            1
        );
    }

    #[test]
    fn invalid_prefills_are_ignored() {
        let prefills = form(&[
            ("email", "a b@c"),
            ("country", "USA"),
            ("dob_year", "1900"),
            ("gender", "x"),
            ("currency", "USD"),
            ("physical_product", "yes"),
            ("business_type", "guild"),
            ("url", "ftp://x.example"),
            ("first_name", "Ann"),
        ]);
        assert_eq!(
            valid_prefills(&prefills, "standard"),
            form(&[("first_name", "Ann")])
        );
    }

    #[test]
    fn every_prefill_of_the_table_is_kept_where_it_belongs() {
        let everywhere = [
            ("email", "ann@x.example"),
            ("url", "https://x.example"),
            ("country", "JP"),
            ("phone_number", "0312345678"),
            ("business_name", "Bakery"),
            ("first_name", "Ann"),
            ("last_name", "Baker"),
            ("product_description", "Bread"),
            ("dob_day", "29"),
            ("dob_month", "2"),
            ("dob_year", "2000"),
            ("city", "Tokyo"),
            ("first_name_kana", "アン"),
            ("first_name_kanji", "杏"),
            ("last_name_kana", "ベイカー"),
            ("last_name_kanji", "麺"),
            ("gender", "female"),
        ];
        let standard = [
            ("business_type", "llc"),
            ("street_address", "1-1"),
            ("state", "TK"),
            ("zip", "100-0001"),
            ("physical_product", "true"),
            ("currency", "jpy"),
            ("block_kana", "1"),
            ("block_kanji", "1"),
            ("building_kana", "2"),
            ("building_kanji", "2"),
        ];
        let all = form(&[&everywhere[..], &standard[..]].concat());
        assert_eq!(valid_prefills(&all, "standard"), all);
        let express = [&everywhere[..], &[("business_type", "company")][..]].concat();
        let sent = [&express[..], &standard[1..]].concat();
        assert_eq!(valid_prefills(&form(&sent), "express"), form(&express));
        assert!(!valid_prefills(&all, "express").contains_key("business_type"));
    }

    #[test]
    fn prefills_need_the_fields_that_they_depend_on() {
        let left = |pairs: &[(&str, &str)]| -> Vec<String> {
            let valid = valid_prefills(&form(pairs), "standard");
            valid.into_keys().collect()
        };
        let needy = [
            ("phone_number", "4155550100"),
            ("state", "CA"),
            ("currency", "usd"),
        ];
        assert!(left(&needy).is_empty(), "they need a country");
        let with_country = [&needy[..], &[("country", "US")][..]].concat();
        assert_eq!(left(&with_country).len(), 4);
        assert!(left(&[("dob_day", "1"), ("dob_month", "2")]).is_empty());
        let never = [("dob_day", "30"), ("dob_month", "2"), ("dob_year", "2000")];
        assert!(left(&never).is_empty());
        let kana = [
            ("gender", "male"),
            ("first_name_kana", "アン"),
            ("country", "US"),
        ];
        assert_eq!(left(&kana), ["country"]);
        let block = [("country", "JP"), ("zip", "12345"), ("block_kana", "1")];
        assert_eq!(left(&block), ["country", "zip"]);
        assert!(left(&[("phone_number", "415-555"), ("country", "US")]) == ["country"]);
    }

    #[test]
    fn skipped_form_uses_valid_prefills_and_test_data() {
        let seller = test_seller(
            &form(&[("email", "bad"), ("country", "fr")]),
            "acct_1X",
            "standard",
            7,
        );
        assert_eq!(
            (seller.email.as_str(), seller.country.as_str()),
            ("acct_1x@seller.example", "FR")
        );
        assert!(seller.business_name.is_some());
    }
}
