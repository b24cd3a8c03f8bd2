//! Double entry: every movement of money is a [`JournalEntry`] whose lines sum to zero, and a [`Balance`] is the sum of the lines of
//! one holder. Amounts are in the currency's smallest unit; times are Unix seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::Currency;
use crate::world::PrivateRecord;

/// The holder of money.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Holder {
    /// A Stripe account: the platform or a connected account (`acct_…`).
    Account(String),
    /// Card holders, outside of Stripe.
    Cards,
    /// Bank accounts, outside of Stripe.
    Banks,
    /// The cash balances of customers.
    Cash,
    /// Stripe, which earns the processing fees.
    Stripe,
    /// The reserve of a platform for the negative balances of its connected accounts.
    Reserve,
    /// The currency exchange: it receives money in one currency and pays it in another.
    Exchange,
}

/// One line of a journal entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JournalLine {
    /// The holder whose balance changes.
    pub(crate) holder: Holder,
    /// Positive when the holder receives money.
    pub(crate) amount: i64,
    /// When the money is available.
    pub(crate) available_on: i64,
}

/// A movement of money in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JournalEntry {
    currency: Currency,
    lines: Vec<JournalLine>,
}

/// The error of a journal entry that would create or lose money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a movement of money must sum to zero, but this one sums to {sum} {currency}")]
pub(crate) struct UnbalancedEntry {
    /// The sum of the lines.
    pub(crate) sum: i128,
    /// The currency of the entry.
    pub(crate) currency: Currency,
}

impl JournalEntry {
    /// An entry without lines.
    pub(crate) fn new(currency: Currency) -> Self {
        Self {
            currency,
            lines: Vec::new(),
        }
    }

    /// Adds a line; a zero amount adds none.
    #[must_use]
    pub(crate) fn line(mut self, holder: Holder, amount: i64, available_on: i64) -> Self {
        if amount != 0 {
            self.lines.push(JournalLine {
                holder,
                amount,
                available_on,
            });
        }
        self
    }

    /// The currency of every line.
    pub(crate) fn currency(&self) -> Currency {
        self.currency
    }

    /// The lines, if they sum to zero.
    pub(crate) fn balanced(&self) -> Result<&[JournalLine], UnbalancedEntry> {
        let sum: i128 = self.lines.iter().map(|line| i128::from(line.amount)).sum();
        if sum == 0 {
            Ok(&self.lines)
        } else {
            Err(UnbalancedEntry {
                sum,
                currency: self.currency,
            })
        }
    }
}

/// The money of one holder, by currency.
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
    /// Pending amounts, by the time they become available.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pending: BTreeMap<i64, i64>,
}

/// The money of a holder in one currency at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Amounts {
    /// Three lower-case letters.
    pub(crate) currency: String,
    /// The amount that can be paid out or transferred.
    pub(crate) available: i64,
    /// The amount that becomes available later.
    pub(crate) pending: i64,
}

impl Balance {
    /// Adds `amount`, available at `available_on`. Pending money that is available at `now` becomes available.
    pub(crate) fn add(&mut self, currency: &str, amount: i64, available_on: i64, now: i64) {
        let funds = self.currencies.entry(currency.to_owned()).or_default();
        funds.move_pending_to_available(now);
        if available_on <= now {
            funds.available += amount;
        } else {
            *funds.pending.entry(available_on).or_default() += amount;
        }
    }

    /// The amounts at `now` in every currency that the holder ever had.
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

    /// The parts that `amount` is drawn from, each as amount and the time it is available: available money first, then pending money
    /// by its time. A part that the holder does not have is drawn from the available money.
    pub(crate) fn draw(&self, currency: &str, amount: i64, now: i64) -> Vec<(i64, i64)> {
        let available = self.available(currency, now).max(0);
        let mut missing = amount - available.min(amount);
        let mut parts = vec![(amount - missing, now)];
        let pending = self.currencies.get(currency).map(|funds| &funds.pending);
        for (at, pending_amount) in pending.into_iter().flat_map(|it| it.range(now + 1..)) {
            let part = (*pending_amount).clamp(0, missing);
            parts.push((part, *at));
            missing -= part;
        }
        parts[0].0 += missing;
        parts
    }

    /// The available and pending amount in `currency`; negative when the holder owes.
    pub(crate) fn total(&self, currency: &str) -> i64 {
        self.currencies.get(currency).map_or(0, |funds| {
            funds.available + funds.pending.values().sum::<i64>()
        })
    }

    /// When the next pending money of any currency becomes available after `now`.
    pub(crate) fn next_arrival(&self, now: i64) -> Option<i64> {
        let next = |funds: &Funds| funds.pending.range(now + 1..).next().map(|(at, _)| *at);
        self.currencies.values().filter_map(next).min()
    }

    /// The amount that is available in `currency` at `now`.
    pub(crate) fn available(&self, currency: &str, now: i64) -> i64 {
        self.at(now)
            .iter()
            .find(|amounts| amounts.currency == currency)
            .map_or(0, |amounts| amounts.available)
    }
}

impl Funds {
    fn move_pending_to_available(&mut self, now: i64) {
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
    fn a_journal_entry_must_sum_to_zero() {
        let seller = Holder::Account("acct_1".to_owned());
        let usd = Currency::parse("usd").unwrap();
        let balanced = JournalEntry::new(usd)
            .line(Holder::Cards, -1000, 5)
            .line(seller.clone(), 941, 5)
            .line(Holder::Stripe, 59, 5);
        assert_eq!(balanced.balanced().unwrap().len(), 3);
        let error = JournalEntry::new(usd)
            .line(seller, 1, 0)
            .balanced()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "a movement of money must sum to zero, but this one sums to 1 usd"
        );
    }

    #[test]
    fn pending_money_becomes_available_at_its_time() {
        let mut balance = Balance::default();
        balance.add("usd", 100, 10, 0);
        balance.add("usd", 30, 0, 0);
        let at = |now| balance.at(now).remove(0);
        assert_eq!((at(9).available, at(9).pending), (30, 100));
        assert_eq!((at(10).available, at(10).pending), (130, 0));
    }

    #[test]
    fn money_is_drawn_from_available_money_first() {
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
        fn the_passing_of_time_never_changes_a_total(adds in prop::collection::vec((-500i64..500, 0i64..50, 0i64..50), 0..40)) {
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
