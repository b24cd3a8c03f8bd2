//! Ids as Stripe makes them: a prefix that tells the type, and letters and digits behind it.

use crate::random::Random;

/// Prefix and number of random characters by object type; sorted by type.
/// What is not listed gets a prefix derived from its name, see [`prefix_of`].
#[rustfmt::skip]
const PREFIXES: &[(&str, &str, usize)] = &[
    ("account", "acct_1", 16),
    ("account_link", "", 0),
    ("apple_pay_domain", "apwc_1", 23),
    ("application_fee", "fee_1", 23),
    ("apps.secret", "appsecret_1", 23),
    ("balance_transaction", "txn_3", 23),
    ("bank_account", "ba_1", 23),
    ("billing.alert", "alrt_1", 23),
    ("billing.credit_balance_transaction", "cbtxn_1", 23),
    ("billing.credit_grant", "credgr_1", 23),
    ("billing.meter", "mtr_1", 23),
    ("billing_portal.configuration", "bpc_1", 23),
    ("billing_portal.session", "bps_1", 23),
    ("capability", "", 0),
    ("card", "card_1", 23),
    ("charge", "ch_3", 23),
    ("checkout.session", "cs_", 58),
    ("climate.order", "climorder_1", 23),
    ("climate.product", "climsku_", 14),
    ("climate.supplier", "climsup_", 14),
    ("confirmation_token", "ctoken_1", 23),
    ("coupon", "", 8),
    ("credit_note", "cn_1", 23),
    ("credit_note_line_item", "cnli_1", 23),
    ("customer", "cus_", 14),
    ("customer_balance_transaction", "cbtxn_1", 23),
    ("customer_cash_balance_transaction", "ccsbtxn_1", 23),
    ("discount", "di_1", 23),
    ("dispute", "du_1", 23),
    ("entitlements.active_entitlement", "ent_", 20),
    ("entitlements.feature", "feat_", 20),
    ("ephemeral_key", "ephkey_1", 23),
    ("event", "evt_1", 23),
    ("fee_refund", "fr_1", 23),
    ("file", "file_1", 23),
    ("file_link", "link_1", 23),
    ("financial_connections.account", "fca_1", 23),
    ("financial_connections.session", "fcsess_1", 23),
    ("financial_connections.transaction", "fctxn_1", 23),
    ("forwarding.request", "fwdreq_1", 23),
    ("identity.verification_report", "vr_1", 23),
    ("identity.verification_session", "vs_1", 23),
    ("invoice", "in_1", 23),
    ("invoice_payment", "inpay_1", 23),
    ("invoice_rendering_template", "inrtem_1", 23),
    ("invoiceitem", "ii_1", 23),
    ("issuing.authorization", "iauth_1", 23),
    ("issuing.card", "ic_1", 23),
    ("issuing.cardholder", "ich_1", 23),
    ("issuing.dispute", "idp_1", 23),
    ("issuing.personalization_design", "ipd_1", 23),
    ("issuing.physical_bundle", "ics_1", 23),
    ("issuing.token", "intok_1", 23),
    ("issuing.transaction", "ipi_1", 23),
    ("item", "li_1", 23),
    ("line_item", "il_1", 23),
    ("mandate", "mandate_1", 23),
    ("payment_attempt_record", "par_1", 23),
    ("payment_intent", "pi_3", 23),
    ("payment_link", "plink_1", 23),
    ("payment_method", "pm_1", 23),
    ("payment_method_configuration", "pmc_1", 23),
    ("payment_method_domain", "pmd_1", 23),
    ("payment_record", "pr_1", 23),
    ("payout", "po_1", 23),
    ("person", "person_1", 23),
    ("plan", "plan_", 14),
    ("price", "price_1", 23),
    ("product", "prod_", 14),
    ("product_feature", "prodft_1", 23),
    ("promotion_code", "promo_1", 23),
    ("quote", "qt_1", 23),
    ("radar.early_fraud_warning", "issfr_1", 23),
    ("radar.value_list", "rsl_1", 23),
    ("radar.value_list_item", "rsli_1", 23),
    ("refund", "re_3", 23),
    ("reporting.report_run", "frr_1", 23),
    ("reserve_transaction", "rsv_1", 23),
    ("review", "prv_1", 23),
    ("scheduled_query_run", "sqr_1", 23),
    ("setup_attempt", "setatt_1", 23),
    ("setup_intent", "seti_1", 23),
    ("shipping_rate", "shr_1", 23),
    ("source", "src_1", 23),
    ("subscription", "sub_1", 23),
    ("subscription_item", "si_", 14),
    ("subscription_schedule", "sub_sched_1", 23),
    ("tax.association", "taxa_1", 23),
    ("tax.calculation", "taxcalc_1", 23),
    ("tax.calculation_line_item", "tax_li_", 14),
    ("tax.registration", "taxreg_1", 23),
    ("tax.transaction", "tax_1", 23),
    ("tax.transaction_line_item", "tax_li_", 14),
    ("tax_code", "txcd_", 8),
    ("tax_id", "txi_1", 23),
    ("tax_rate", "txr_1", 23),
    ("terminal.configuration", "tmc_", 14),
    ("terminal.location", "tml_", 14),
    ("terminal.reader", "tmr_", 14),
    ("test_helpers.test_clock", "clock_1", 23),
    ("token", "tok_1", 23),
    ("topup", "tu_1", 23),
    ("transfer", "tr_3", 23),
    ("transfer_reversal", "trr_1", 23),
    ("treasury.credit_reversal", "credrev_1", 23),
    ("treasury.debit_reversal", "debrev_1", 23),
    ("treasury.financial_account", "fa_1", 23),
    ("treasury.inbound_transfer", "ibt_1", 23),
    ("treasury.outbound_payment", "obp_1", 23),
    ("treasury.outbound_transfer", "obt_1", 23),
    ("treasury.received_credit", "rc_1", 23),
    ("treasury.received_debit", "rd_1", 23),
    ("treasury.transaction", "trxn_1", 23),
    ("treasury.transaction_entry", "trxne_1", 23),
    ("webhook_endpoint", "we_1", 23),
];

/// The prefix of an object type and how many random characters follow it.
///
/// A type without a known prefix gets the initials of its words: `some.new_thing` gives `snt_`.
#[must_use]
pub fn prefix_of(object_type: &str) -> (String, usize) {
    if let Ok(row) = PREFIXES.binary_search_by_key(&object_type, |row| row.0) {
        return (PREFIXES[row].1.to_owned(), PREFIXES[row].2);
    }
    let initials = object_type
        .split(['.', '_'])
        .filter_map(|word| word.chars().next());
    (format!("{}_", initials.collect::<String>()), 24)
}

/// A new id for an object of this type; `livemode` matters only for ids that say their mode.
pub fn new_id(object_type: &str, livemode: bool, random: &mut Random) -> String {
    let (mut id, length) = prefix_of(object_type);
    if object_type == "checkout.session" {
        id.push_str(if livemode { "live_" } else { "test_" });
    }
    id.push_str(&random.alphanumeric(if id.is_empty() && length == 0 {
        24
    } else {
        length
    }));
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_for_the_binary_search() {
        assert!(PREFIXES.is_sorted_by_key(|row| row.0));
    }

    #[test]
    fn ids_carry_their_type() {
        let mut random = Random::derive([0; 32], "ids");
        let id = new_id("customer", false, &mut random);
        assert!(id.starts_with("cus_") && id.len() == 18, "{id}");
        assert!(new_id("checkout.session", true, &mut random).starts_with("cs_live_"));
        assert!(new_id("some.new_thing", false, &mut random).starts_with("snt_"));
    }
}
