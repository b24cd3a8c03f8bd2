//! The countries that accounts can be created in, and their currencies.

/// Countries and their currencies, in alphabetical order.
#[rustfmt::skip]
pub(super) const COUNTRIES: &[(&str, &str)] = &[
    ("AE", "aed"), ("AT", "eur"), ("AU", "aud"), ("BE", "eur"), ("BG", "eur"), ("BR", "brl"), ("CA", "cad"), ("CH", "chf"),
    ("CY", "eur"), ("CZ", "czk"), ("DE", "eur"), ("DK", "dkk"), ("EE", "eur"), ("ES", "eur"), ("FI", "eur"), ("FR", "eur"),
    ("GB", "gbp"), ("GI", "gbp"), ("GR", "eur"), ("HK", "hkd"), ("HR", "eur"), ("HU", "huf"), ("IE", "eur"), ("IN", "inr"),
    ("IT", "eur"), ("JP", "jpy"), ("LI", "chf"), ("LT", "eur"), ("LU", "eur"), ("LV", "eur"), ("MT", "eur"), ("MX", "mxn"),
    ("MY", "myr"), ("NL", "eur"), ("NO", "nok"), ("NZ", "nzd"), ("PL", "pln"), ("PT", "eur"), ("RO", "ron"), ("SE", "sek"),
    ("SG", "sgd"), ("SI", "eur"), ("SK", "eur"), ("TH", "thb"), ("US", "usd"),
];

/// The currency of a country; US dollars for a country that is not in the table.
pub(super) fn currency_of_country(country: &str) -> &'static str {
    let index = COUNTRIES.binary_search_by_key(&country, |(name, _)| *name);
    index.map_or("usd", |index| COUNTRIES[index].1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::exchange_rates::currencies;

    #[test]
    fn countries_are_in_order_and_their_currencies_known() {
        assert!(COUNTRIES.is_sorted());
        for (_, currency) in COUNTRIES {
            assert!(currencies().any(|known| known == *currency), "{currency}");
        }
        assert_eq!(
            (currency_of_country("DE"), currency_of_country("AQ")),
            ("eur", "usd")
        );
    }
}
