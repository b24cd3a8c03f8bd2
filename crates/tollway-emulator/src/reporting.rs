//! Reports about the balance transactions of an account, as CSV files (<https://docs.stripe.com/reports/api>).
//!
//! A run is `pending` in the response that creates it and `succeeded` when it is retrieved.

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
use crate::product_objects::{id_of, new_object, update_and_emit};
use crate::registry::Registry;
use crate::store::{CreatedRange, Query};

const REPORT_RUN: &str = "reporting.report_run";
const REPORT_TYPE: &str = "reporting.report_type";

/// A type of report.
struct ReportType {
    id: &'static str,
    name: &'static str,
    columns: &'static [&'static str],
    of_payouts: bool,
}

const ITEMIZED_COLUMNS: &[&str] = &[
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

const SUMMARY_COLUMNS: &[&str] = &[
    "reporting_category",
    "currency",
    "count",
    "gross",
    "fee",
    "net",
];

#[rustfmt::skip]
const REPORTS: &[ReportType] = &[
    ReportType { id: "balance_change_from_activity.itemized.3", name: "Balance change from activity, itemized", columns: ITEMIZED_COLUMNS, of_payouts: false },
    ReportType { id: "balance_change_from_activity.summary.1", name: "Balance change from activity, summary", columns: SUMMARY_COLUMNS, of_payouts: false },
    ReportType { id: "payouts.itemized.3", name: "Payouts, itemized", columns: ITEMIZED_COLUMNS, of_payouts: true },
    ReportType { id: "payouts.summary.1", name: "Payouts, summary", columns: SUMMARY_COLUMNS, of_payouts: true },
];

pub(crate) fn register(registry: &mut Registry) {
    registry.add("reporting.report_types.list", list_types);
    registry.add("reporting.report_types.retrieve", retrieve_type);
    registry.add("reporting.report_runs.create", create);
}

/// `GET /v1/reporting/report_types`.
#[expect(clippy::unnecessary_wraps, reason = "handlers return a result")]
fn list_types(ctx: &mut Ctx<'_>, _: &Params) -> Result<Value, ApiError> {
    let mut page = empty_list("/v1/reporting/report_types");
    page["data"] = REPORTS
        .iter()
        .map(|report| report_type_object(ctx, report))
        .collect();
    Ok(page)
}

/// `GET /v1/reporting/report_types/{report_type}`.
fn retrieve_type(ctx: &mut Ctx<'_>, params: &Params) -> Result<Value, ApiError> {
    let id = params.path("report_type");
    let report = REPORTS.iter().find(|report| report.id == id);
    report
        .map(|report| report_type_object(ctx, report))
        .ok_or_else(|| ctx.no_such(REPORT_TYPE, id))
}

fn report_type_object(ctx: &Ctx<'_>, report: &ReportType) -> Value {
    let version = report
        .id
        .rsplit('.')
        .next()
        .and_then(|text| text.parse::<i64>().ok());
    json!({
        "id": report.id,
        "object": REPORT_TYPE,
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
            let types: Vec<_> = REPORTS.iter().map(|report| report.id).collect();
            let message = format!(
                "There is no report of type {id} here. The types are: {}",
                types.join(", ")
            );
            ApiError::invalid_param("report_type", message)
        })?;
    let (start, end) = report_interval(params, ctx.now())?;
    let columns = report_columns(report, params)?;
    let run = new_object(
        ctx,
        REPORT_RUN,
        params,
        json!({"status": "pending", "result": null}),
    )?;
    ctx.insert(REPORT_RUN, &run);
    let transactions = reported_transactions(ctx, report, params, start, end);
    let rows = if report.columns == SUMMARY_COLUMNS {
        summary_rows(&transactions)
    } else {
        transactions.iter().map(item_row).collect()
    };
    let upload = Upload {
        filename: Some(format!("{}.csv", id_of(&run))),
        bytes: to_csv(&columns, &rows).into(),
        content_type: None,
    };
    let file = files::store_file(ctx, "finance_report_run", &upload, Some("csv"));
    let members = json!({"status": "succeeded", "succeeded_at": ctx.now(), "result": file});
    update_and_emit(
        ctx,
        REPORT_RUN,
        &run,
        members,
        "reporting.report_run.succeeded",
    );
    Ok(run)
}

/// `interval_start` and `interval_end`, in Unix seconds. The end is exclusive.
fn report_interval(params: &Params, now: i64) -> Result<(i64, i64), ApiError> {
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

fn report_columns<'a>(
    report: &'a ReportType,
    params: &'a Params,
) -> Result<Vec<&'a str>, ApiError> {
    let requested = params.list("parameters.columns");
    if requested.is_empty() {
        return Ok(report.columns.to_vec());
    }
    let columns = requested.iter().filter_map(Value::as_str);
    let columns = columns.map(|column| {
        let exists = report.columns.contains(&column);
        let unknown = || {
            let message = format!(
                "{column} is no column of {}. Its columns are: {}",
                report.id,
                report.columns.join(", ")
            );
            ApiError::invalid_param("parameters[columns]", message)
        };
        exists.then_some(column).ok_or_else(unknown)
    });
    columns.collect()
}

/// The balance transactions of a report, oldest first.
fn reported_transactions(
    ctx: &Ctx<'_>,
    report: &ReportType,
    params: &Params,
    start: i64,
    end: i64,
) -> Vec<Value> {
    let query = Query {
        limit: usize::MAX,
        created: CreatedRange {
            from: Some(start),
            to: Some(end - 1),
        },
        ..Query::default()
    };
    let page = ctx
        .world
        .store
        .list(&ctx.scope, "balance_transaction", &query);
    let records = page.unwrap_or_default().records;
    let matches = |transaction: &Value, name: &str| {
        let filter = params.text(&format!("parameters.{name}"));
        filter.is_none_or(|value| transaction[name] == value)
    };
    let transactions = records.iter().rev().map(|record| record.parse());
    transactions
        .filter(|transaction| {
            text(transaction, "reporting_category").starts_with("payout") == report.of_payouts
        })
        .filter(|transaction| {
            matches(transaction, "currency") && matches(transaction, "reporting_category")
        })
        .collect()
}

/// A row of a report: the cells by column.
type ReportRow = BTreeMap<&'static str, String>;

fn item_row(transaction: &Value) -> ReportRow {
    let currency = text(transaction, "currency");
    let amount = |name: &str| plain_amount(number(transaction, name), currency);
    let time = |name: &str| {
        let at = jiff::Timestamp::from_second(number(transaction, name)).unwrap_or_default();
        at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    };
    ReportRow::from([
        ("balance_transaction_id", id_of(transaction).to_owned()),
        ("created_utc", time("created")),
        ("available_on_utc", time("available_on")),
        ("currency", currency.to_owned()),
        ("gross", amount("amount")),
        ("fee", amount("fee")),
        ("net", amount("net")),
        (
            "reporting_category",
            text(transaction, "reporting_category").to_owned(),
        ),
        ("source_id", text(transaction, "source").to_owned()),
        ("description", text(transaction, "description").to_owned()),
    ])
}

/// One row for each category and currency.
fn summary_rows(transactions: &[Value]) -> Vec<ReportRow> {
    let mut sums: BTreeMap<(&str, &str), [i64; 4]> = BTreeMap::new();
    for transaction in transactions {
        let key = (
            text(transaction, "reporting_category"),
            text(transaction, "currency"),
        );
        let sum = sums.entry(key).or_default();
        sum[0] += 1;
        for (index, name) in ["amount", "fee", "net"].into_iter().enumerate() {
            sum[index + 1] += number(transaction, name);
        }
    }
    let row = |((category, currency), [count, gross, fee, net]): ((&str, &str), [i64; 4])| {
        ReportRow::from([
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

/// The rows as CSV (RFC 4180). Every cell is quoted, as in Stripe's files.
fn to_csv(columns: &[&str], rows: &[ReportRow]) -> String {
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
    fn summary_adds_amounts_by_category_and_quotes_cells() {
        let movement = |category: &str, amount: i64| json!({"reporting_category": category, "currency": "jpy", "amount": amount, "fee": 1, "net": amount - 1});
        let rows = summary_rows(&[
            movement("charge", 10),
            movement("refund", -4),
            movement("charge", 20),
        ]);
        let text = to_csv(&["reporting_category", "count", "net"], &rows);
        assert_eq!(
            text,
            "\"reporting_category\",\"count\",\"net\"\n\"charge\",\"2\",\"28\"\n\"refund\",\"1\",\"-5\"\n"
        );
        assert_eq!(
            to_csv(&["a"], &[ReportRow::from([("a", "\"x\"".to_owned())])]),
            "\"a\"\n\"\"\"x\"\"\"\n"
        );
    }
}
