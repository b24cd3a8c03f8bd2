//! Fields of Stripe's onboarding form that a start link fills in for the seller.

use std::fmt;

/// Values of `stripe_user[...]`, in the order they were added.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Prefill(Vec<(String, String)>);

/// What may be prefilled for a Standard account:
/// <https://docs.stripe.com/connect/oauth-reference#get-authorize>.
const PREFILL_MEMBERS: [&str; 30] = [
    "email",
    "url",
    "country",
    "phone_number",
    "business_name",
    "business_type",
    "first_name",
    "last_name",
    "dob_day",
    "dob_month",
    "dob_year",
    "street_address",
    "city",
    "state",
    "zip",
    "physical_product",
    "product_description",
    "currency",
    "first_name_kana",
    "first_name_kanji",
    "last_name_kana",
    "last_name_kanji",
    "gender",
    "block_kana",
    "block_kanji",
    "building_kana",
    "building_kanji",
    "average_payment",
    "past_year_volume",
    "shipping_days",
];

/// Longest prefilled value.
const MAX_PREFILL_BYTES: usize = 500;

impl Prefill {
    pub(crate) fn push(&mut self, member: String, value: String) {
        self.0.push((member, value));
    }

    /// Pairs of member and value.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(member, value)| (member.as_str(), value.as_str()))
    }

    /// The first member that Stripe does not know, or whose value is too long.
    pub(crate) fn first_invalid_member(&self) -> Option<&str> {
        self.members()
            .find(|(member, value)| {
                !PREFILL_MEMBERS.contains(member) || value.len() > MAX_PREFILL_BYTES
            })
            .map(|(member, _)| member)
    }
}

// The values are names and addresses of people.
impl fmt::Debug for Prefill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(member, _)| member))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefilled_value_has_at_most_500_bytes() {
        for (length, invalid) in [(500, None), (501, Some("email"))] {
            let mut prefill = Prefill::default();
            prefill.push("email".to_owned(), "x".repeat(length));
            assert_eq!(prefill.first_invalid_member(), invalid, "{length} bytes");
        }
    }

    #[test]
    fn debug_shows_members_without_values() {
        let mut prefill = Prefill::default();
        prefill.push("email".to_owned(), "jenny@example.com".to_owned());
        assert_eq!(format!("{prefill:?}"), r#"["email"]"#);
    }
}
