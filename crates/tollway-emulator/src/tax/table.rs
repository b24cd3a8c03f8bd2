//! Standard rates by country, and those of some of the United States, in thousandths of a percent, as of 2026.

/// The standard rate of a country or a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StandardRate {
    /// Two letters.
    pub(super) country: &'static str,
    /// Two letters, in the United States.
    pub(super) state: Option<&'static str>,
    /// Thousandths of a percent.
    pub(super) thousandths: i64,
    /// `vat`, `gst`, …
    pub(super) kind: &'static str,
}

/// Country, rate and type of tax, sorted by country.
#[rustfmt::skip]
const COUNTRIES: &[(&str, i64, &str)] = &[
    ("AT", 20000, "vat"), ("AU", 10000, "gst"), ("BE", 21000, "vat"), ("BG", 20000, "vat"), ("CA", 5000, "gst"),
    ("CH", 8100, "vat"), ("CY", 19000, "vat"), ("CZ", 21000, "vat"), ("DE", 19000, "vat"), ("DK", 25000, "vat"),
    ("EE", 24000, "vat"), ("ES", 21000, "vat"), ("FI", 25500, "vat"), ("FR", 20000, "vat"), ("GB", 20000, "vat"),
    ("GR", 24000, "vat"), ("HR", 25000, "vat"), ("HU", 27000, "vat"), ("IE", 23000, "vat"), ("IS", 24000, "vat"),
    ("IT", 22000, "vat"), ("JP", 10000, "jct"), ("LT", 21000, "vat"), ("LU", 17000, "vat"), ("LV", 21000, "vat"),
    ("MT", 18000, "vat"), ("NL", 21000, "vat"), ("NO", 25000, "vat"), ("NZ", 15000, "gst"), ("PL", 23000, "vat"),
    ("PT", 23000, "vat"), ("RO", 21000, "vat"), ("SE", 25000, "vat"), ("SG", 9000, "gst"), ("SI", 22000, "vat"),
    ("SK", 23000, "vat"),
];

/// State, rate, and the first three digits of its postal codes.
#[rustfmt::skip]
const STATES: &[(&str, i64, std::ops::RangeInclusive<u16>)] = &[
    ("AZ", 5600, 850..=865), ("CA", 7250, 900..=961), ("CO", 2900, 800..=816), ("CT", 6350, 60..=69), ("DC", 6000, 200..=205),
    ("DE", 0, 197..=199), ("FL", 6000, 320..=349), ("GA", 4000, 300..=319), ("IL", 6250, 600..=629), ("IN", 7000, 460..=479),
    ("MA", 6250, 10..=27), ("MD", 6000, 206..=219), ("MI", 6000, 480..=499), ("MN", 6875, 550..=567), ("MT", 0, 590..=599),
    ("NC", 4750, 270..=289), ("NH", 0, 30..=38), ("NJ", 6625, 70..=89), ("NV", 6850, 889..=898), ("NY", 4000, 100..=149),
    ("OH", 5750, 430..=459), ("OR", 0, 970..=979), ("PA", 6000, 150..=196), ("TN", 7000, 370..=385), ("TX", 6250, 750..=799),
    ("VA", 4300, 220..=246), ("WA", 6500, 980..=994), ("WI", 5000, 530..=549),
];

/// The members of the European Union.
#[rustfmt::skip]
const EUROPEAN_UNION: &[&str] = &[
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT",
    "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// Whether a country is in the European Union.
pub(crate) fn is_in_european_union(country: &str) -> bool {
    EUROPEAN_UNION.contains(&country)
}

/// The state of a postal code of the United States.
pub(super) fn state_of_postal_code(postal_code: &str) -> Option<&'static str> {
    let start: u16 = postal_code.get(..3)?.parse().ok()?;
    let (state, ..) = STATES.iter().find(|(.., codes)| codes.contains(&start))?;
    Some(state)
}

/// The standard rate of a country, or of a state of the United States.
pub(super) fn standard_rate(country: &str, state: Option<&str>) -> Option<StandardRate> {
    if country == "US" {
        let (state, thousandths, _) = STATES.iter().find(|(known, ..)| Some(*known) == state)?;
        return Some(StandardRate {
            country: "US",
            state: Some(state),
            thousandths: *thousandths,
            kind: "sales_tax",
        });
    }
    let at = COUNTRIES.binary_search_by_key(&country, |(known, ..)| *known);
    let (country, thousandths, kind) = COUNTRIES[at.ok()?];
    Some(StandardRate {
        country,
        state: None,
        thousandths,
        kind,
    })
}

impl StandardRate {
    /// `19.0`, `8.1`, `25.5`.
    pub(super) fn percentage(self) -> String {
        let (whole, rest) = (self.thousandths / 1000, self.thousandths % 1000);
        let text = format!("{whole}.{rest:03}");
        let short = text.trim_end_matches('0');
        if short.ends_with('.') {
            format!("{short}0")
        } else {
            short.to_owned()
        }
    }

    /// The display name of the tax.
    pub(super) fn name(self) -> &'static str {
        match self.kind {
            "gst" => "GST",
            "jct" => "JCT",
            "sales_tax" => "Sales Tax",
            _ => "VAT",
        }
    }

    /// The tax on `amount`, rounded half away from zero: added to it, or contained in it.
    pub(super) fn on(self, amount: i64, inclusive: bool) -> i64 {
        let (amount, rate) = (i128::from(amount), i128::from(self.thousandths));
        let by = if inclusive { 100_000 + rate } else { 100_000 };
        let magnitude = (amount.abs() * rate * 2 + by) / (by * 2);
        i64::try_from(magnitude * amount.signum()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_found() {
        assert!(COUNTRIES.is_sorted_by_key(|(country, ..)| *country));
        assert!(STATES.is_sorted_by_key(|(state, ..)| *state));
        assert!(
            EUROPEAN_UNION
                .iter()
                .all(|country| standard_rate(country, None).is_some())
        );
        let shown = |country, state| {
            standard_rate(country, state).map(|rate| (rate.percentage(), rate.name()))
        };
        assert_eq!(shown("DE", None), Some(("19.0".to_owned(), "VAT")));
        assert_eq!(shown("FI", None), Some(("25.5".to_owned(), "VAT")));
        assert_eq!(
            shown("US", Some("CA")),
            Some(("7.25".to_owned(), "Sales Tax"))
        );
        assert_eq!(
            shown("US", Some("NJ")),
            Some(("6.625".to_owned(), "Sales Tax"))
        );
        assert_eq!([shown("US", None), shown("XX", None)], [None, None]);
        assert_eq!(
            [
                state_of_postal_code("94105"),
                state_of_postal_code("98101"),
                state_of_postal_code("x")
            ],
            [Some("CA"), Some("WA"), None]
        );
    }

    #[test]
    fn a_tax_is_added_or_a_part() {
        let german = standard_rate("DE", None).unwrap();
        assert_eq!([german.on(1000, false), german.on(1190, true)], [190, 190]);
        assert_eq!(
            [german.on(-1000, false), german.on(-1190, true)],
            [-190, -190]
        );
        assert_eq!([german.on(999, false), german.on(0, true)], [190, 0]);
    }
}
