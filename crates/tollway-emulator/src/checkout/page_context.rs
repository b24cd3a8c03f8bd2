//! The context of the Checkout page, which invoices and receipts use too.

use serde::Serialize;

use crate::pages::{Input, Page, Template};

/// A Checkout session, an invoice or a receipt.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CheckoutPage {
    pub(crate) heading: String,
    /// The caption of the table of items.
    pub(crate) caption: &'static str,
    pub(crate) mode: &'static str,
    pub(crate) items: Vec<CheckoutItem>,
    pub(crate) trial: Option<String>,
    pub(crate) sums: Vec<Sum>,
    pub(crate) inputs: Vec<Input>,
    /// Whether quantities or the amount can be changed, with a button that updates the total.
    pub(crate) updates: bool,
    /// The field of a promotion code; none if codes are not allowed.
    pub(crate) promotion: Option<Input>,
    /// The label of the button; none if nothing can be paid.
    pub(crate) button: Option<String>,
    /// The text beside the button.
    pub(crate) note: Option<String>,
    /// The cancel URL.
    pub(crate) cancel: Option<String>,
    pub(crate) error: Option<String>,
}

/// A line item.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CheckoutItem {
    pub(crate) description: String,
    pub(crate) quantity: i64,
    pub(crate) note: Option<String>,
    pub(crate) amount: String,
}

/// A sum below a table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sum {
    pub(crate) label: String,
    pub(crate) amount: String,
}

impl Page for CheckoutPage {
    const TEMPLATE: Template = Template::new("checkout.html", include_str!("checkout.html"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::Choose;
    use crate::pages::soundness::assert_sound;

    fn checkout() -> CheckoutPage {
        let mut country = Input::new("shipping_country", "Country", "select", "country");
        country.options = vec![Choose::plain("DE"), Choose::plain("FR")];
        country.value = "FR".to_owned();
        let mut number = Input::new("number", "Card number", "numeric", "cc-number").required();
        number.hint = "4242 4242 4242 4242".to_owned();
        number.error = Some("Your card was declined.".to_owned());
        let sum = |label: &str, amount: &str| Sum {
            label: label.to_owned(),
            amount: amount.to_owned(),
        };
        CheckoutPage {
            heading: "Pay Market & <Sons>".to_owned(),
            caption: "Your order",
            mode: "test",
            items: vec![CheckoutItem {
                description: "Bread <b>".to_owned(),
                quantity: 2,
                note: Some("5.00 usd every month".to_owned()),
                amount: "10.00 usd".to_owned(),
            }],
            trial: Some("Free for 14 days.".to_owned()),
            sums: vec![sum("Discount", "-1.00 usd"), sum("Total", "9.00 usd")],
            inputs: vec![
                Input::new("email", "E-mail", "email", "email").required(),
                country,
                number,
                Input::new("terms", "I agree", "checkbox", "off").required(),
            ],
            updates: true,
            promotion: Some(Input::new(
                "promotion_code",
                "Promotion code",
                "text",
                "off",
            )),
            button: Some("Pay 9.00 usd".to_owned()),
            note: Some("Thanks!".to_owned()),
            cancel: Some("https://shop.example/cart".to_owned()),
            error: Some("Your card was declined.".to_owned()),
        }
    }

    #[test]
    fn the_checkout_page() {
        insta::assert_snapshot!(checkout().html().unwrap());
    }

    #[test]
    fn checkout_page_is_sound() {
        assert_sound(&checkout().html().unwrap());
    }
}
