//! Balances as a chart: for each mode and currency one bar of what is available and one of what is pending, account by
//! account. The same numbers stand in a table below it.

use std::collections::BTreeMap;

use super::contexts::{Bar, Chart, ChartRow};
use crate::Mode;
use crate::accounts::dashboard_page;
use crate::currency::format as format_amount;
use crate::error::ApiError;
use crate::ledger::posting;
use crate::scope::Scope;
use crate::world::WorldState;

/// Width of the longest bar, in the chart's own units.
const LONGEST: i64 = 400;
/// Height of an account's two bars and the room below them.
const ROW: usize = 44;
/// Characters of a label.
const ROOM: usize = 26;
/// Accounts in one chart: those with most in them.
const MOST: usize = 20;

/// What one account has, in a currency's smallest unit.
#[derive(Debug, Clone)]
struct Funds {
    label: String,
    available: i64,
    pending: i64,
}

/// One chart for each mode and currency in which anybody has anything.
pub(super) fn charts(world: &WorldState, now: i64) -> Result<Vec<Chart>, ApiError> {
    let mut charts = Vec::new();
    for mode in Mode::ALL {
        for (currency, funds) in funds(world, mode, now)? {
            charts.push(chart(mode, &currency, funds));
        }
    }
    Ok(charts)
}

fn funds(
    world: &WorldState,
    mode: Mode,
    now: i64,
) -> Result<BTreeMap<String, Vec<Funds>>, ApiError> {
    let mut all: BTreeMap<String, Vec<Funds>> = BTreeMap::new();
    let platform = (
        world.platform.account.to_string(),
        format!("{} (platform)", world.platform.business_name),
    );
    for (account, label) in std::iter::once(platform).chain(dashboard_page::named_sellers(world)) {
        for amounts in posting::balance_of(world, &Scope::new(mode, account))?.at(now) {
            all.entry(amounts.currency).or_default().push(Funds {
                label: label.clone(),
                available: amounts.available,
                pending: amounts.pending,
            });
        }
    }
    Ok(all)
}

fn chart(mode: Mode, currency: &str, mut funds: Vec<Funds>) -> Chart {
    let size = |it: &Funds| it.available.abs().max(it.pending.abs());
    funds.sort_by_key(|it| std::cmp::Reverse(size(it)));
    funds.truncate(MOST);
    let most = funds.iter().map(size).max().unwrap_or(0).max(1);
    let bar = |amount: i64, y: usize| Bar {
        // At least a sliver for anything that is not zero.
        width: (amount.abs().saturating_mul(LONGEST) / most).max(i64::from(amount != 0) * 2),
        y,
        negative: amount < 0,
        amount: format_amount(amount, currency),
    };
    let rows: Vec<ChartRow> = funds
        .into_iter()
        .enumerate()
        .map(|(index, it)| ChartRow {
            short: short(&it.label),
            label: it.label,
            y: index * ROW + 26,
            available: bar(it.available, index * ROW + 12),
            pending: bar(it.pending, index * ROW + 28),
        })
        .collect();
    Chart {
        id: format!("{mode}-{currency}"),
        mode: mode.as_str(),
        currency: currency.to_owned(),
        height: rows.len() * ROW + 8,
        rows,
    }
}

/// As much of a label as there is room for beside the bars.
fn short(label: &str) -> String {
    if label.chars().count() <= ROOM {
        return label.to_owned();
    }
    let start: String = label.chars().take(ROOM - 1).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_is_the_largest_amount_and_debts_are_told_apart() {
        let of = |label: &str, available, pending| Funds {
            label: label.to_owned(),
            available,
            pending,
        };
        let funds = vec![
            of("small", 100, 0),
            of("large", -400, 200),
            of("tiny", 1, 0),
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
        assert_eq!(chart.height, 3 * ROW + 8);
        assert_eq!(short("Bakery"), "Bakery");
        assert_eq!(
            short("A baker's dozen of names in one").chars().count(),
            ROOM
        );
    }
}
