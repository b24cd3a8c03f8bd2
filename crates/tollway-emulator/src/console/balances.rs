//! Charts of balances: one chart for each mode and currency, with a bar of the available and one of the pending balance for each
//! account. The page shows the same numbers in a table.

use std::collections::BTreeMap;

use super::contexts::{Bar, Chart, ChartRow};
use crate::Mode;
use crate::accounts::sellers;
use crate::currency::format as format_amount;
use crate::error::ApiError;
use crate::ledger::posting;
use crate::scope::Scope;
use crate::world::WorldState;

/// The width of the longest bar, in units of the chart.
const LONGEST_BAR_WIDTH: i64 = 400;
/// The height of an account's two bars and the space below them.
const ROW_HEIGHT: usize = 44;
/// The length of a label, in characters.
const LABEL_LENGTH: usize = 26;
/// The number of accounts in a chart: those with the largest balances.
const MAX_ACCOUNTS: usize = 20;

/// The balance of an account, in a currency's smallest unit.
#[derive(Debug, Clone)]
struct AccountFunds {
    label: String,
    available: i64,
    pending: i64,
}

/// One chart for each mode and currency with a balance. `now` is in Unix seconds.
pub(super) fn charts(world: &WorldState, now: i64) -> Result<Vec<Chart>, ApiError> {
    let mut charts = Vec::new();
    for mode in Mode::ALL {
        let by_currency = funds_by_currency(world, mode, now)?.into_iter();
        charts.extend(by_currency.map(|(currency, funds)| chart(mode, &currency, funds)));
    }
    Ok(charts)
}

fn funds_by_currency(
    world: &WorldState,
    mode: Mode,
    now: i64,
) -> Result<BTreeMap<String, Vec<AccountFunds>>, ApiError> {
    let mut all: BTreeMap<String, Vec<AccountFunds>> = BTreeMap::new();
    let platform = (
        world.platform.account.to_string(),
        format!("{} (platform)", world.platform.business_name),
    );
    let sellers = sellers::load_sellers(world)?.into_iter();
    let labelled = sellers.map(|seller| (seller.account.clone(), seller.label().to_owned()));
    for (account, label) in std::iter::once(platform).chain(labelled) {
        for amounts in posting::balance_of(world, &Scope::new(mode, account))?.at(now) {
            all.entry(amounts.currency).or_default().push(AccountFunds {
                label: label.clone(),
                available: amounts.available,
                pending: amounts.pending,
            });
        }
    }
    Ok(all)
}

/// A chart of one mode and currency.
fn chart(mode: Mode, currency: &str, mut funds: Vec<AccountFunds>) -> Chart {
    let size = |it: &AccountFunds| it.available.abs().max(it.pending.abs());
    funds.sort_by_key(|it| std::cmp::Reverse(size(it)));
    funds.truncate(MAX_ACCOUNTS);
    let largest = funds.iter().map(size).max().unwrap_or(0).max(1);
    let bar = |amount: i64, y: usize| Bar {
        // A balance that is not zero is at least two units wide.
        width: (amount.abs().saturating_mul(LONGEST_BAR_WIDTH) / largest)
            .max(i64::from(amount != 0) * 2),
        y,
        negative: amount < 0,
        amount: format_amount(amount, currency),
    };
    let rows: Vec<ChartRow> = funds
        .into_iter()
        .enumerate()
        .map(|(index, it)| ChartRow {
            short: shorten(&it.label),
            label: it.label,
            y: index * ROW_HEIGHT + 26,
            available: bar(it.available, index * ROW_HEIGHT + 12),
            pending: bar(it.pending, index * ROW_HEIGHT + 28),
        })
        .collect();
    Chart {
        id: format!("{mode}-{currency}"),
        mode: mode.as_str(),
        currency: currency.to_owned(),
        height: rows.len() * ROW_HEIGHT + 8,
        rows,
    }
}

/// A label, shortened to [`LABEL_LENGTH`].
fn shorten(label: &str) -> String {
    if label.chars().count() <= LABEL_LENGTH {
        return label.to_owned();
    }
    let start: String = label.chars().take(LABEL_LENGTH - 1).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_bar_is_the_largest_amount_and_debts_are_negative() {
        let funds_of = |label: &str, available, pending| AccountFunds {
            label: label.to_owned(),
            available,
            pending,
        };
        let funds = vec![
            funds_of("small", 100, 0),
            funds_of("large", -400, 200),
            funds_of("tiny", 1, 0),
        ];
        let chart = chart(Mode::Test, "usd", funds);
        let widths: Vec<(i64, i64)> = chart
            .rows
            .iter()
            .map(|row| (row.available.width, row.pending.width))
            .collect();
        assert_eq!(widths, [(400, 200), (100, 0), (2, 0)]);
        assert!(chart.rows[0].available.negative && !chart.rows[0].pending.negative);
        assert_eq!(chart.rows[0].available.amount, "-4.00 usd");
        assert_eq!(chart.height, 3 * ROW_HEIGHT + 8);
        assert_eq!(shorten("Bakery"), "Bakery");
        assert_eq!(
            shorten("A baker's dozen of names in one").chars().count(),
            LABEL_LENGTH
        );
    }
}
