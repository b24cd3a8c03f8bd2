//! Double entry: every movement of money is a `Journal` whose lines sum to zero per currency, and a `Balance` is what the
//! lines of one holder add up to. Amounts are in the currency's smallest unit; instants are Unix seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::world::PrivateRecord;

/// Whose money it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Holder {
    /// A Stripe account: the platform or a connected account (`acct_…`).
    Account(String),
    /// Card holders, outside of Stripe.
    Cards,
    /// Bank accounts, outside of Stripe.
    Banks,
    /// What customers have sent, and not spent.
    Cash,
    /// Stripe itself, which earns the processing fees.
    Stripe,
    /// What is kept back from a platform for what its connected accounts owe.
    Reserve,
    /// Where currencies are exchanged: what it has of one it has given for another.
    Exchange,
}

/// One side of a movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Whose balance moves.
    pub(crate) holder: Holder,
    /// Positive: the holder gets money.
    pub(crate) amount: i64,
    /// From when on it counts as available.
    pub(crate) available_on: i64,
}

/// One movement of money in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Journal {
    currency: String,
    lines: Vec<Line>,
}

/// A journal that would make or lose money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a movement of money must sum to zero, but this one sums to {sum} {currency}")]
pub(crate) struct Unbalanced {
    /// What is left over.
    pub(crate) sum: i128,
    /// In this currency.
    pub(crate) currency: String,
}

impl Journal {
    /// An empty journal in `currency` (three lower-case letters).
    pub(crate) fn new(currency: &str) -> Self {
        Self {
            currency: currency.to_owned(),
            lines: Vec::new(),
        }
    }

    /// Adds a line; a zero amount adds none.
    #[must_use]
    pub(crate) fn line(mut self, holder: Holder, amount: i64, available_on: i64) -> Self {
        if amount != 0 {
            self.lines.push(Line {
                holder,
                amount,
                available_on,
            });
        }
        self
    }

    /// The currency of every line.
    pub(crate) fn currency(&self) -> &str {
        &self.currency
    }

    /// The lines, once they are known to sum to zero.
    pub(crate) fn balanced(&self) -> Result<&[Line], Unbalanced> {
        let sum: i128 = self.lines.iter().map(|line| i128::from(line.amount)).sum();
        if sum == 0 {
            Ok(&self.lines)
        } else {
            Err(Unbalanced {
                sum,
                currency: self.currency.clone(),
            })
        }
    }
}

/// What one holder has, by currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Balance {
    currencies: BTreeMap<String, Funds>,
}

impl PrivateRecord for Balance {
    const TYPE: &'static str = "_balance";
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Funds {
    available: i64,
    /// Amounts still on their way, by the instant they arrive.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pending: BTreeMap<i64, i64>,
}

/// What a holder has in one currency at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Amounts {
    /// Three lower-case letters.
    pub(crate) currency: String,
    /// May be paid out or transferred now.
    pub(crate) available: i64,
    /// On its way.
    pub(crate) pending: i64,
}

impl Balance {
    /// Adds `amount`, available from `available_on`, seen at `now`; what has arrived by now is settled on the way.
    pub(crate) fn add(&mut self, currency: &str, amount: i64, available_on: i64, now: i64) {
        let funds = self.currencies.entry(currency.to_owned()).or_default();
        funds.settle(now);
        if available_on <= now {
            funds.available += amount;
        } else {
            *funds.pending.entry(available_on).or_default() += amount;
        }
    }

    /// Every currency the holder ever had, as it stands at `now`.
    pub(crate) fn at(&self, now: i64) -> Vec<Amounts> {
        let amounts = |(currency, funds): (&String, &Funds)| {
            let arrived: i64 = funds.pending.range(..=now).map(|(_, amount)| amount).sum();
            let total: i64 = funds.pending.values().sum();
            Amounts {
                currency: currency.clone(),
                available: funds.available + arrived,
                pending: total - arrived,
            }
        };
        self.currencies.iter().map(amounts).collect()
    }

    /// Where `amount` can be taken from: what is available first, then what arrives next, each part with when it arrives. What the
    /// holder does not have comes from what is available.
    pub(crate) fn draw(&self, currency: &str, amount: i64, now: i64) -> Vec<(i64, i64)> {
        let available = self.available(currency, now).max(0);
        let mut missing = amount - available.min(amount);
        let mut parts = vec![(amount - missing, now)];
        let pending = self.currencies.get(currency).map(|funds| &funds.pending);
        for (at, there) in pending.into_iter().flat_map(|it| it.range(now + 1..)) {
            let part = (*there).clamp(0, missing);
            parts.push((part, *at));
            missing -= part;
        }
        parts[0].0 += missing;
        parts
    }

    /// Everything the holder has in `currency`, on its way or there; negative when it owes.
    pub(crate) fn total(&self, currency: &str) -> i64 {
        self.currencies.get(currency).map_or(0, |funds| {
            funds.available + funds.pending.values().sum::<i64>()
        })
    }

    /// When the next money arrives after `now`, in any currency.
    pub(crate) fn next_arrival(&self, now: i64) -> Option<i64> {
        let next = |funds: &Funds| funds.pending.range(now + 1..).next().map(|(at, _)| *at);
        self.currencies.values().filter_map(next).min()
    }

    /// What is available in `currency` at `now`.
    pub(crate) fn available(&self, currency: &str, now: i64) -> i64 {
        self.at(now)
            .iter()
            .find(|amounts| amounts.currency == currency)
            .map_or(0, |amounts| amounts.available)
    }
}

impl Funds {
    fn settle(&mut self, now: i64) {
        let later = self.pending.split_off(&(now + 1));
        let arrived = std::mem::replace(&mut self.pending, later);
        self.available += arrived.into_values().sum::<i64>();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_journal_must_sum_to_zero() {
        let seller = Holder::Account("acct_1".to_owned());
        let good = Journal::new("usd")
            .line(Holder::Cards, -1000, 5)
            .line(seller.clone(), 941, 5)
            .line(Holder::Stripe, 59, 5);
        assert_eq!(good.balanced().unwrap().len(), 3);
        let bad = Journal::new("usd")
            .line(seller, 1, 0)
            .balanced()
            .unwrap_err();
        assert_eq!(
            bad.to_string(),
            "a movement of money must sum to zero, but this one sums to 1 usd"
        );
    }

    #[test]
    fn pending_becomes_available_when_its_instant_comes() {
        let mut balance = Balance::default();
        balance.add("usd", 100, 10, 0);
        balance.add("usd", 30, 0, 0);
        let at = |now| balance.at(now).remove(0);
        assert_eq!((at(9).available, at(9).pending), (30, 100));
        assert_eq!((at(10).available, at(10).pending), (130, 0));
    }

    #[test]
    fn money_is_drawn_from_what_is_there_first() {
        let mut balance = Balance::default();
        balance.add("usd", 50, 0, 0);
        balance.add("usd", 30, 10, 0);
        balance.add("usd", 20, 20, 0);
        assert_eq!(balance.draw("usd", 40, 0), [(40, 0), (0, 10), (0, 20)]);
        assert_eq!(balance.draw("usd", 90, 0), [(50, 0), (30, 10), (10, 20)]);
        assert_eq!(balance.draw("usd", 110, 0), [(60, 0), (30, 10), (20, 20)]);
        assert_eq!(balance.draw("eur", 5, 0), [(5, 0)]);
        assert_eq!((balance.total("usd"), balance.total("eur")), (100, 0));
    }

    proptest! {
        #[test]
        fn settling_never_changes_a_total(adds in prop::collection::vec((-500i64..500, 0i64..50, 0i64..50), 0..40)) {
            let mut balance = Balance::default();
            let (mut sum, mut now) = (0, 0);
            for (amount, available_on, step) in adds {
                now += step;
                balance.add("usd", amount, available_on, now);
                sum += amount;
                let seen: i64 = balance.at(now).iter().map(|amounts| amounts.available + amounts.pending).sum();
                prop_assert_eq!(seen, sum);
            }
            prop_assert_eq!(balance.available("usd", i64::MAX - 1), sum);
        }
    }
}
