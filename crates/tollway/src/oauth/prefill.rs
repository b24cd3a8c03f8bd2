//! `stripe_user[…]`: what the platform knows about a seller, to prefill Stripe's form.
//! <https://docs.stripe.com/connect/oauth-reference#get-authorize-request>

use std::fmt;

use crate::params::{ParamValue, Params};

/// The kind of business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BusinessType {
    /// One person (Standard accounts).
    SoleProp,
    /// A corporation (Standard accounts).
    Corporation,
    /// A non-profit (Standard accounts).
    NonProfit,
    /// A partnership (Standard accounts).
    Partnership,
    /// A limited liability company (Standard accounts).
    Llc,
    /// One person (Express accounts).
    Individual,
    /// A company (Express accounts).
    Company,
}

impl BusinessType {
    fn as_str(self) -> &'static str {
        match self {
            Self::SoleProp => "sole_prop",
            Self::Corporation => "corporation",
            Self::NonProfit => "non_profit",
            Self::Partnership => "partnership",
            Self::Llc => "llc",
            Self::Individual => "individual",
            Self::Company => "company",
        }
    }
}

/// The prefilled fields of a new account. They have no effect on existing accounts. Stripe silently ignores bad values;
/// [`StripeUser::check`] finds them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StripeUser(Params);

/// A prefilled member that Stripe would ignore, or that contradicts another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefillProblem {
    member: &'static str,
    needs: &'static str,
}

impl PrefillProblem {
    /// The member of `stripe_user`, for example `phone_number`.
    pub fn member(&self) -> &'static str {
        self.member
    }

    /// What the member needs, for example `needs country`.
    pub fn needs(&self) -> &'static str {
        self.needs
    }
}

impl fmt::Display for PrefillProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stripe_user[{}] {}", self.member, self.needs)
    }
}

macro_rules! text_members {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, value: impl Into<String>) -> Self {
            self.0.set(stringify!($name), value.into());
            self
        })*
    };
}

impl StripeUser {
    /// Nothing filled in.
    pub fn new() -> Self {
        Self::default()
    }

    text_members! {
        /// The e-mail address.
        email,
        /// A public page about the business, with http or https.
        url,
        /// Two letters, `US`. Several other members need it.
        country,
        /// Ten digits. Needs the country.
        phone_number,
        /// The business's name.
        business_name,
        /// The owner's first name.
        first_name,
        /// The owner's last name.
        last_name,
        /// What is sold.
        product_description,
        /// Street and number (Standard).
        street_address,
        /// The city. Should come with the country.
        city,
        /// Two letters of the state or province (Standard). Needs the country.
        state,
        /// The postal code (Standard). Should come with the country.
        zip,
        /// Three lower-case letters, `usd` (Standard). Needs the country.
        currency,
        /// The first name in kana. Needs the country JP.
        first_name_kana,
        /// The first name in kanji. Needs the country JP.
        first_name_kanji,
        /// The last name in kana. Needs the country JP.
        last_name_kana,
        /// The last name in kanji. Needs the country JP.
        last_name_kanji,
        /// `male` or `female`. Needs the country JP.
        gender,
        /// The block in kana (Standard). Needs the country JP and a Japanese postal code.
        block_kana,
        /// The block in kanji (Standard). Needs the country JP and a Japanese postal code.
        block_kanji,
        /// The building in kana (Standard). Needs the country JP and a Japanese postal code.
        building_kana,
        /// The building in kanji (Standard). Needs the country JP and a Japanese postal code.
        building_kanji,
    }

    /// The kind of business.
    #[must_use]
    pub fn business_type(mut self, business_type: BusinessType) -> Self {
        self.0.set("business_type", business_type.as_str());
        self
    }

    /// The date of birth. The year is after 1900.
    #[must_use]
    pub fn date_of_birth(mut self, year: u32, month: u32, day: u32) -> Self {
        self.0.set("dob_day", day);
        self.0.set("dob_month", month);
        self.0.set("dob_year", year);
        self
    }

    /// Whether goods are shipped (Standard).
    #[must_use]
    pub fn physical_product(mut self, physical: bool) -> Self {
        self.0
            .set("physical_product", if physical { "true" } else { "false" });
        self
    }

    /// Any other member.
    #[must_use]
    pub fn member(mut self, name: &'static str, value: impl Into<ParamValue>) -> Self {
        self.0.set(name, value);
        self
    }

    /// What Stripe would silently ignore; empty when all fits.
    pub fn check(&self) -> Vec<PrefillProblem> {
        let text = |name: &str| match self.0.get(name) {
            Some(ParamValue::Str(text)) => Some(text.as_str()),
            _ => None,
        };
        let country = text("country");
        let mut problems = Vec::new();
        let mut tell = |broken: bool, member, needs| {
            if broken {
                problems.push(PrefillProblem { member, needs });
            }
        };
        let two_letters =
            |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
        tell(
            country.is_some_and(|c| !two_letters(c)),
            "country",
            "is two upper-case letters, like US",
        );
        tell(
            text("email").is_some_and(|mail| !mail.contains('@')),
            "email",
            "is an e-mail address",
        );
        let web = |url: &str| url.starts_with("http://") || url.starts_with("https://");
        tell(
            text("url").is_some_and(|url| !web(url)),
            "url",
            "starts with http:// or https://",
        );
        let ten_digits =
            |phone: &str| phone.len() == 10 && phone.bytes().all(|b| b.is_ascii_digit());
        tell(
            text("phone_number").is_some_and(|phone| !ten_digits(phone)),
            "phone_number",
            "is ten digits",
        );
        let three_letters =
            |code: &str| code.len() == 3 && code.bytes().all(|b| b.is_ascii_lowercase());
        tell(
            text("currency").is_some_and(|c| !three_letters(c)),
            "currency",
            "is three lower-case letters, like usd",
        );
        tell(
            text("gender").is_some_and(|g| g != "male" && g != "female"),
            "gender",
            "is male or female",
        );
        for member in ["phone_number", "state", "currency", "city", "zip"] {
            tell(
                text(member).is_some() && country.is_none(),
                member,
                "needs the country",
            );
        }
        for member in [
            "first_name_kana",
            "first_name_kanji",
            "last_name_kana",
            "last_name_kanji",
            "gender",
        ] {
            tell(
                text(member).is_some() && country != Some("JP"),
                member,
                "needs the country JP",
            );
        }
        for member in [
            "block_kana",
            "block_kanji",
            "building_kana",
            "building_kanji",
        ] {
            let fits = country == Some("JP") && text("zip").is_some();
            tell(
                text(member).is_some() && !fits,
                member,
                "needs the country JP and a Japanese zip",
            );
        }
        let year = match self.0.get("dob_year") {
            Some(ParamValue::Int(year)) => Some(*year),
            _ => None,
        };
        tell(
            year.is_some_and(|year| year <= 1900),
            "dob_year",
            "is after 1900",
        );
        problems
    }

    pub(super) fn into_params(self) -> Params {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stripe_would_ignore_is_told() {
        assert_eq!(
            StripeUser::new()
                .email("a@b.co")
                .country("US")
                .phone_number("5555551234")
                .check(),
            []
        );
        let problems = StripeUser::new()
            .phone_number("5555551234")
            .gender("x")
            .date_of_birth(1850, 1, 1)
            .check();
        let members: Vec<_> = problems.iter().map(PrefillProblem::member).collect();
        assert_eq!(members, ["gender", "phone_number", "gender", "dob_year"]);
        assert_eq!(
            problems[1].to_string(),
            "stripe_user[phone_number] needs the country"
        );
    }
}
