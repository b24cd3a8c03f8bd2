//! Reports of what happened on the balance, as CSV files (<https://docs.stripe.com/reports/api>).
//!
//! A run is `pending` in the answer that makes it and has succeeded when it is asked for next.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Upload;
use crate::ctx::Ctx;
use crate::currency::plain as plain_amount;
use crate::error::ApiError;
use crate::files;
use crate::generic::synth::empty_list;
use crate::json::{number, text};
use crate::params::Params;
use crate::product_objects::{change, drafted, id_of};
use crate::registry::Registry;
use crate::store::{CreatedRange, Query};

const RUN: &str = "reporting.report_run";
const TYPE: &str = "reporting.report_type";

/// A report that can be run.
struct Report {
    id: &'static str,
    name: &'static str,
    columns: &'static [&'static str],
    of_payouts: bool,
}

const ITEMIZED: &[&str] = &[
    "balance_transaction_id",
    "created_utc",
    "available_on_utc",
    "currency",
    "gross",
    "fee",
    "net",
    "reporting_category",
    "source_id",
    "description",
];

const SUMMARY: &[&str] = &[
    "reporting_category",
    "currency",
    "count",
    "gross",
    "fee",
    "net",
];

#[rustfmt::skip]
const REPORTS: &[Report] = &[
    Report { id: "balance_change_from_activity.itemized.3", name: "Balance change from activity, itemized", columns: ITEMIZED, of_payouts: false },
    Report { id: "balance_change_from_activity.summary.1", name: "Balance change from activity, summary", columns: SUMMARY, of_payouts: false },
    Report { id: "payouts.itemized.3", name: "Payouts, itemized", columns: ITEMIZED, of_payouts: true },
    Report { id: "payouts.summary.1", name: "Payouts, summary", columns: SUMMARY, of_payouts: true },
];

pub(crate) fn register(registry: &mut Registry) {
    registry.add("reporting.report_types.list", list_types);
    registry.add("reporting.report_types.retrieve", retrieve_type);
    registry.add("reporting.report_runs.create", create);
}

/// `GET /v1/reporting/report_types`.
#[expect(clippy::unnecessary_wraps, reason = "behaviours answer a result")]
fn list_types(ctx: &mut Ctx<'_>, _: &Params) -> Result<Value, ApiError> {
    let mut page = empty_list("/v1/reporting/report_types");
    page["data"] = REPORTS
        .iter()
        .map(|report| described(ctx, report))
        .collect();
    Ok(page)
}

/// `GET /v1/reporting/report_types/{report_type}`.
fn retrieve_type(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("report_type");
    let report = REPORTS.iter().find(|report| report.id == id);
    report
        .map(|report| described(ctx, report))
        .ok_or_else(|| ctx.no_such(TYPE, id))
}

fn described(ctx: &Ctx<'_>, report: &Report) -> Value {
    let version = report
        .id
        .rsplit('.')
        .next()
        .and_then(|text| text.parse::<i64>().ok());
    json!({
        "id": report.id,
        "object": TYPE,
        "data_available_end": ctx.now(),
        "data_available_start": 0,
        "default_columns": report.columns,
        "livemode": ctx.scope.livemode(),
        "name": report.name,
        "updated": ctx.now(),
        "version": version,
    })
}

/// `POST /v1/reporting/report_runs`.
fn create(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.text("report_type").unwrap_or_default();
    let report = REPORTS
        .iter()
        .find(|report| report.id == id)
        .ok_or_else(|| {
            let known: Vec<_> = REPORTS.iter().map(|report| report.id).collect();
            let message = format!(
                "There is no report of type {id} here. The types are: {}",
                known.join(", ")
            );
            ApiError::invalid_param("report_type", message)
        })?;
    let (start, end) = interval(params, ctx.now())?;
    let columns = columns(report, params)?;
    let run = drafted(
        ctx,
        RUN,
        params,
        json!({"status": "pending", "result": null}),
    )?;
    ctx.insert(RUN, &run);
    let moved = movements(ctx, report, params, start, end);
    let rows = if report.columns == SUMMARY {
        summed(&moved)
    } else {
        moved.iter().map(item).collect()
    };
    let upload = Upload {
        filename: Some(format!("{}.csv", id_of(&run))),
        bytes: csv(&columns, &rows).into(),
        content_type: None,
    };
    let file = files::keep(ctx, "finance_report_run", &upload, Some("csv"));
    let members = json!({"status": "succeeded", "succeeded_at": ctx.now(), "result": file});
    change(ctx, RUN, &run, members, "reporting.report_run.succeeded");
    Ok(run)
}

/// The seconds a report is about: from `interval_start` on, before `interval_end`.
fn interval(params: &Params, now: i64) -> Result<(i64, i64), ApiError> {
    let required = |name: &str| {
        let path = format!("parameters.{name}");
        let missing = || ApiError::missing_parameter(&format!("parameters[{name}]"));
        params.int(&path).ok_or_else(missing)
    };
    let (start, end) = (required("interval_start")?, required("interval_end")?);
    if start >= end || end > now {
        let message = format!(
            "interval_end must be after interval_start and at most {now}, up to which there are data."
        );
        return Err(ApiError::invalid_param("parameters[interval_end]", message));
    }
    Ok((start, end))
}

fn columns<'a>(report: &'a Report, params: &'a Params) -> Result<Vec<&'a str>, ApiError> {
    let chosen = params.list("parameters.columns");
    if chosen.is_empty() {
        return Ok(report.columns.to_vec());
    }
    let columns = chosen.iter().filter_map(Value::as_str);
    let columns = columns.map(|column| {
        let known = report.columns.contains(&column);
        let refused = || {
            let message = format!(
                "{column} is no column of {}. Its columns are: {}",
                report.id,
                report.columns.join(", ")
            );
            ApiError::invalid_param("parameters[columns]", message)
        };
        known.then_some(column).ok_or_else(refused)
    });
    columns.collect()
}

/// The balance transactions that a report is about, oldest first.
fn movements(ctx: &Ctx<'_>, report: &Report, params: &Params, start: i64, end: i64) -> Vec<Value> {
    let query = Query {
        limit: usize::MAX,
        created: CreatedRange {
            from: Some(start),
            to: Some(end - 1),
        },
        ..Query::default()
    };
    let found = ctx
        .world
        .store
        .list(&ctx.scope, "balance_transaction", &query);
    let records = found.unwrap_or_default().records;
    let is = |moved: &Value, name: &str| {
        let wanted = params.text(&format!("parameters.{name}"));
        wanted.is_none_or(|wanted| moved[name] == wanted)
    };
    let moved = records.iter().rev().map(|record| record.parse());
    moved
        .filter(|moved| {
            text(moved, "reporting_category").starts_with("payout") == report.of_payouts
        })
        .filter(|moved| is(moved, "currency") && is(moved, "reporting_category"))
        .collect()
}

/// A row: what stands in each column.
type Row = BTreeMap<&'static str, String>;

fn item(moved: &Value) -> Row {
    let currency = text(moved, "currency");
    let amount = |name: &str| plain_amount(number(moved, name), currency);
    let time = |name: &str| {
        let at = jiff::Timestamp::from_second(number(moved, name)).unwrap_or_default();
        at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    };
    Row::from([
        ("balance_transaction_id", id_of(moved).to_owned()),
        ("created_utc", time("created")),
        ("available_on_utc", time("available_on")),
        ("currency", currency.to_owned()),
        ("gross", amount("amount")),
        ("fee", amount("fee")),
        ("net", amount("net")),
        (
            "reporting_category",
            text(moved, "reporting_category").to_owned(),
        ),
        ("source_id", text(moved, "source").to_owned()),
        ("description", text(moved, "description").to_owned()),
    ])
}

/// One row for each category and currency.
fn summed(moved: &[Value]) -> Vec<Row> {
    let mut sums: BTreeMap<(&str, &str), [i64; 4]> = BTreeMap::new();
    for moved in moved {
        let of = (text(moved, "reporting_category"), text(moved, "currency"));
        let sum = sums.entry(of).or_default();
        sum[0] += 1;
        for (place, name) in ["amount", "fee", "net"].into_iter().enumerate() {
            sum[place + 1] += number(moved, name);
        }
    }
    let row = |((category, currency), [count, gross, fee, net]): ((&str, &str), [i64; 4])| {
        Row::from([
            ("reporting_category", category.to_owned()),
            ("currency", currency.to_owned()),
            ("count", count.to_string()),
            ("gross", plain_amount(gross, currency)),
            ("fee", plain_amount(fee, currency)),
            ("net", plain_amount(net, currency)),
        ])
    };
    sums.into_iter().map(row).collect()
}

/// Every cell in quotes, as Stripe's files have them (RFC 4180).
fn csv(columns: &[&str], rows: &[Row]) -> String {
    let line = |cells: Vec<&str>| {
        let quoted = cells
            .iter()
            .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
        quoted.collect::<Vec<_>>().join(",") + "\n"
    };
    let mut text = line(columns.to_vec());
    for row in rows {
        let cells = columns
            .iter()
            .map(|column| row.get(column).map_or("", String::as_str));
        text.push_str(&line(cells.collect()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_amounts_added_by_category() {
        let moved = |category: &str, amount: i64| json!({"reporting_category": category, "currency": "jpy", "amount": amount, "fee": 1, "net": amount - 1});
        let rows = summed(&[
            moved("charge", 10),
            moved("refund", -4),
            moved("charge", 20),
        ]);
        let text = csv(&["reporting_category", "count", "net"], &rows);
        assert_eq!(
            text,
            "\"reporting_category\",\"count\",\"net\"\n\"charge\",\"2\",\"28\"\n\"refund\",\"1\",\"-5\"\n"
        );
        assert_eq!(
            csv(&["a"], &[Row::from([("a", "\"x\"".to_owned())])]),
            "\"a\"\n\"\"\"x\"\"\"\n"
        );
    }
}
