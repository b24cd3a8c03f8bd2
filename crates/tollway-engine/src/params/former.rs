//! Parameters, and words as their values, that older versions of the API called otherwise.
//!
//! And operations that they had at other addresses: [`moved`].
//!
//! The description knows the names of its own version only; applications that ask for an older one by `Stripe-Version` go on
//! using those of theirs. They are rewritten before anything is checked (<https://docs.stripe.com/changelog>).

use super::tree::Tree;

/// Where a former parameter went.
#[derive(Debug, Clone, Copy)]
enum Now {
    /// It only has another name.
    Called(&'static str),
    /// It is a member of another parameter.
    In(&'static str, &'static str),
    /// It is a member of the first element of a list.
    First(&'static str, &'static str),
    /// It is a member, by its own name, of a parameter whose `type` is that name too.
    Typed(&'static str),
}

/// Operations, the name of the parameter then, and what it is now.
const FORMER: &[(&[&str], &str, Now)] = &[
    (
        &[
            "checkout.sessions.create",
            "payment_intents.confirm",
            "payment_intents.create",
            "payment_intents.update",
            "setup_intents.create",
            "setup_intents.update",
        ],
        "payment_method_types",
        Now::Called("allowed_payment_method_types"),
    ),
    (
        &[
            "invoices.create_preview",
            "subscriptions.create",
            "subscriptions.update",
        ],
        "coupon",
        Now::First("discounts", "coupon"),
    ),
    (
        &["subscriptions.create", "subscriptions.update"],
        "promotion_code",
        Now::First("discounts", "promotion_code"),
    ),
    (
        &["promotion_codes.create"],
        "coupon",
        Now::Typed("promotion"),
    ),
    (
        &["invoice_items.create", "invoice_items.update"],
        "price",
        Now::In("pricing", "price"),
    ),
    (
        &["invoice_items.create", "invoice_items.update"],
        "unit_amount",
        Now::Called("unit_amount_decimal"),
    ),
];

/// Operations, a parameter, and a word it took then and takes now.
const WORDS: &[(&str, &str, &str, &str)] = &[
    (
        "checkout.sessions.create",
        "ui_mode",
        "hosted",
        "hosted_page",
    ),
    (
        "checkout.sessions.create",
        "ui_mode",
        "embedded",
        "embedded_page",
    ),
    ("checkout.sessions.create", "ui_mode", "custom", "elements"),
];

/// The parameters of the former previews that are members of `subscription_details` now.
const OF_SUBSCRIPTION: &[(&str, &str)] = &[
    ("subscription_cancel_at", "cancel_at"),
    ("subscription_cancel_at_period_end", "cancel_at_period_end"),
    ("subscription_cancel_now", "cancel_now"),
    ("subscription_default_tax_rates", "default_tax_rates"),
    ("subscription_items", "items"),
    ("subscription_proration_behavior", "proration_behavior"),
    ("subscription_proration_date", "proration_date"),
    ("subscription_start_date", "start_date"),
    ("subscription_trial_end", "trial_end"),
];

/// An operation that older versions had at another address.
#[derive(Debug, Clone, Copy)]
pub struct Moved {
    path: &'static str,
    /// The first version without it.
    until: &'static str,
    /// What answers it now.
    pub operation: &'static str,
    /// The member of the answer that it was about; all of it if there is none.
    pub member: Option<&'static str>,
}

const MOVED: &[Moved] = &[
    Moved {
        path: "/v1/invoices/upcoming",
        until: "2025-03-31",
        operation: "invoices.create_preview",
        member: None,
    },
    Moved {
        path: "/v1/invoices/upcoming/lines",
        until: "2025-03-31",
        operation: "invoices.create_preview",
        member: Some("lines"),
    },
];

/// What a `GET` of this path was in version `asked`.
pub fn moved(path: &str, asked: &str) -> Option<&'static Moved> {
    MOVED
        .iter()
        .find(|moved| moved.path == path && date(asked) < moved.until)
}

/// Rewrites what a preview was asked for before its parameters were those of a subscription.
fn rewrite_preview(given: &mut Vec<(String, Tree)>) {
    // How many lines are shown is not for a preview to say.
    given.retain(|(name, _)| name != "limit");
    let mut details = Vec::new();
    for (then, now) in OF_SUBSCRIPTION {
        let place = given.iter().position(|(name, _)| name == then);
        details.extend(place.map(|place| ((*now).to_owned(), given.remove(place).1)));
    }
    if details.is_empty() {
        return;
    }
    let known = given
        .iter_mut()
        .find(|(name, _)| name == "subscription_details");
    match known {
        Some((_, Tree::Map(members))) => members.extend(details),
        Some(_) => {}
        None => given.push(("subscription_details".to_owned(), Tree::Map(details))),
    }
}

/// Rewrites the former parameters of a request of version `asked`; `described` is the version of the description.
pub fn rewrite(operation: &str, asked: &str, described: &str, given: &mut Vec<(String, Tree)>) {
    if date(asked) >= date(described) {
        return;
    }
    if operation == "invoices.create_preview" {
        rewrite_preview(given);
    }
    for (name, tree) in given.iter_mut() {
        let Tree::Text(word) = tree else { continue };
        let known = WORDS.iter().find(|(in_operation, param, then, _)| {
            *in_operation == operation && param == name && then == word
        });
        if let Some((_, _, _, now)) = known {
            (*now).clone_into(word);
        }
    }
    for (operations, then, now) in FORMER {
        let known = |name: &str, given: &[(String, Tree)]| given.iter().any(|it| it.0 == name);
        if !operations.contains(&operation) || !known(then, given) {
            continue;
        }
        let (name, member) = match now {
            Now::Called(name) => (*name, None),
            Now::In(name, member) | Now::First(name, member) => (*name, Some(*member)),
            Now::Typed(name) => (*name, Some(*then)),
        };
        // Who uses both names meant the new one; the old one is then refused as unknown.
        if known(name, given) {
            continue;
        }
        for (key, tree) in given.iter_mut().filter(|(key, _)| key == then) {
            name.clone_into(key);
            let Some(member) = member else { continue };
            let value = std::mem::replace(tree, Tree::Null);
            let mut members = vec![(member.to_owned(), value)];
            if matches!(now, Now::Typed(_)) {
                members.push(("type".to_owned(), Tree::Text(member.to_owned())));
            }
            *tree = match now {
                Now::First(..) => Tree::List(vec![Tree::Map(members)]),
                _ => Tree::Map(members),
            };
        }
    }
}

/// The date of a version; trains (`2026-10-28.endive`) are not ordered by name.
fn date(version: &str) -> &str {
    version.get(..10).unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Tree {
        Tree::Text(value.to_owned())
    }

    fn rewritten(operation: &str, asked: &str, name: &str) -> Vec<(String, Tree)> {
        let mut given = vec![(name.to_owned(), text("x"))];
        rewrite(operation, asked, "2026-10-28.endive", &mut given);
        given
    }

    #[test]
    fn an_older_version_may_use_its_names() {
        let old = "2024-06-20";
        let list = |name: &str| Tree::List(vec![Tree::Map(vec![(name.to_owned(), text("x"))])]);
        for (operation, then, now, tree) in [
            (
                "payment_intents.create",
                "payment_method_types",
                "allowed_payment_method_types",
                text("x"),
            ),
            (
                "subscriptions.create",
                "coupon",
                "discounts",
                list("coupon"),
            ),
            (
                "promotion_codes.create",
                "coupon",
                "promotion",
                Tree::Map(vec![
                    ("coupon".to_owned(), text("x")),
                    ("type".to_owned(), text("coupon")),
                ]),
            ),
            (
                "invoice_items.create",
                "price",
                "pricing",
                Tree::Map(vec![("price".to_owned(), text("x"))]),
            ),
        ] {
            assert_eq!(rewritten(operation, old, then), [(now.to_owned(), tree)]);
        }
    }

    #[test]
    fn an_older_version_may_use_its_words() {
        let said = |asked: &str, word: &str| {
            let mut given = vec![("ui_mode".to_owned(), text(word))];
            rewrite(
                "checkout.sessions.create",
                asked,
                "2026-10-28.endive",
                &mut given,
            );
            given.remove(0).1
        };
        assert_eq!(said("2025-03-31.basil", "custom"), text("elements"));
        assert_eq!(
            said("2025-03-31.basil", "embedded_page"),
            text("embedded_page")
        );
        assert_eq!(said("2026-10-28.endive", "custom"), text("custom"));
    }

    #[test]
    fn a_preview_was_at_another_address_with_other_names() {
        let old = "2024-06-20";
        for (path, member) in [
            ("/v1/invoices/upcoming", None),
            ("/v1/invoices/upcoming/lines", Some("lines")),
        ] {
            assert_eq!(moved(path, old).unwrap().member, member);
            assert!(moved(path, "2025-03-31.basil").is_none());
        }
        assert!(moved("/v1/invoices/in_1", old).is_none());
        let mut given = vec![
            ("subscription_trial_end".to_owned(), text("now")),
            ("subscription".to_owned(), text("sub_1")),
            ("subscription_proration_date".to_owned(), text("1")),
        ];
        rewrite("invoices.create_preview", old, "2026-10-28", &mut given);
        let details = vec![
            ("proration_date".to_owned(), text("1")),
            ("trial_end".to_owned(), text("now")),
        ];
        assert_eq!(
            given,
            [
                ("subscription".to_owned(), text("sub_1")),
                ("subscription_details".to_owned(), Tree::Map(details)),
            ]
        );
    }

    #[test]
    fn the_newest_version_and_other_operations_are_left_alone() {
        let same = [("coupon".to_owned(), text("x"))];
        let newest = "2026-10-28.endive";
        assert_eq!(rewritten("subscriptions.create", newest, "coupon"), same);
        assert_eq!(rewritten("charges.create", "2024-06-20", "coupon"), same);
        let mut both = vec![
            ("coupon".to_owned(), text("x")),
            ("discounts".to_owned(), text("y")),
        ];
        let before = both.clone();
        rewrite("subscriptions.create", "2024-06-20", newest, &mut both);
        assert_eq!(both, before);
    }
}
