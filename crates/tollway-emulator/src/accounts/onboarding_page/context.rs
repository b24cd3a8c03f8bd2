//! The context of the onboarding page.

use serde::Serialize;

use crate::pages::{Page, Template};

/// The requirements of an account, as a form.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OnboardingPage {
    pub(crate) platform: String,
    pub(crate) account: String,
    pub(crate) mode: &'static str,
    pub(crate) fields: Vec<OnboardingField>,
    /// Why the form was not accepted.
    pub(crate) error: Option<String>,
}

/// The field of a requirement.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OnboardingField {
    pub(crate) id: String,
    /// The requirement, as the API names it.
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) r#type: &'static str,
}

impl Page for OnboardingPage {
    const TEMPLATE: Template = Template::new("onboarding.html", include_str!("onboarding.html"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_onboarding_page() {
        let field = |name: &str, label: &str, r#type| OnboardingField {
            id: name.replace('.', "-"),
            name: name.to_owned(),
            label: label.to_owned(),
            r#type,
        };
        let page = OnboardingPage {
            platform: "Market <i>".to_owned(),
            account: "acct_1".to_owned(),
            mode: "test",
            fields: vec![
                field("business_profile.mcc", "business profile: mcc", "text"),
                field("tos_acceptance.date", "I accept", "checkbox"),
            ],
            error: Some("Something is still missing.".to_owned()),
        };
        insta::assert_snapshot!(page.html().unwrap());
    }
}
