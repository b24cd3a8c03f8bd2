//! Issuing: cards, authorizations, transactions and disputes.

use serde_json::Value;

use crate::client::{Caller, caller, emulator, id};

/// A card that is active, unless the parameters say otherwise.
async fn card(api: &Caller, more: &str) -> Value {
    let holder = "type=individual&name=Jenny&billing[address][line1]=1&billing[address][city]=SF&billing[address][country]=US\
                  &billing[address][postal_code]=94111";
    let holder = api.post("/v1/issuing/cardholders", holder).await.ok();
    let form = format!(
        "cardholder={}&currency=usd&type=virtual&{more}",
        id(&holder)
    );
    api.post("/v1/issuing/cards", &form).await.ok()
}

#[tokio::test]
async fn issued_card_number_is_sent_only_when_expanded() {
    let api = caller(&emulator(), "sk_test_products");
    let made = card(&api, "status=active").await;
    assert_eq!(made.get("number"), None);
    let path = format!("/v1/issuing/cards/{}", id(&made));
    let full = api.get(&path, "expand[]=number&expand[]=cvc").await.ok();
    let number = full["number"].as_str().unwrap();
    assert_eq!((number.len(), full["cvc"].as_str().unwrap().len()), (16, 3));
    assert_eq!(full["last4"], number[12..]);
    let doubled = |(place, digit): (usize, u32)| match (place % 2, digit * 2) {
        (0, _) => digit,
        (_, twice) => twice % 10 + twice / 10,
    };
    let digits = number
        .chars()
        .rev()
        .map(|digit| digit.to_digit(10).unwrap());
    assert_eq!(digits.enumerate().map(doubled).sum::<u32>() % 10, 0);
}

#[tokio::test]
async fn authorizations_are_created_captured_and_refunded() {
    let api = caller(&emulator(), "sk_test_products");
    let card = card(&api, "status=active").await;
    let helpers = "/v1/test_helpers/issuing";
    let form = format!("card={}&amount=1000&merchant_data[name]=Bar", id(&card));
    let asked = api
        .post(&format!("{helpers}/authorizations"), &form)
        .await
        .ok();
    assert_eq!(
        (&asked["approved"], &asked["status"]),
        (&true.into(), &"pending".into())
    );
    let path = format!("{helpers}/authorizations/{}", id(&asked));
    let more = api
        .post(&format!("{path}/increment"), "increment_amount=500")
        .await
        .ok();
    assert_eq!(more["amount"], 1500);
    let less = api
        .post(&format!("{path}/reverse"), "reverse_amount=300")
        .await
        .ok();
    assert_eq!(
        (&less["amount"], &less["status"]),
        (&1200.into(), &"pending".into())
    );
    let captured = api.post(&format!("{path}/capture"), "").await.ok();
    assert_eq!(captured["status"], "closed");
    let bought = api
        .get("/v1/issuing/transactions", &format!("card={}", id(&card)))
        .await
        .ok();
    assert_eq!(
        (
            &bought["data"][0]["amount"],
            &bought["data"][0]["merchant_data"]["name"]
        ),
        (&(-1200).into(), &"Bar".into())
    );
    let bought = id(&bought["data"][0]).to_owned();
    let refund = format!("{helpers}/transactions/{bought}/refund");
    let back = api.post(&refund, "refund_amount=200").await.ok();
    assert_eq!(
        (&back["amount"], &back["type"]),
        (&200.into(), &"refund".into())
    );
    assert_eq!(
        api.post(&refund, "refund_amount=1201").await.error().3,
        "refund_amount"
    );
    let late = api.post(&format!("{path}/capture"), "").await;
    assert!(
        late.error().1.contains("only a pending one"),
        "{}",
        late.body
    );
    let dispute = format!("transaction={bought}&evidence[reason]=not_received");
    let dispute = api.post("/v1/issuing/disputes", &dispute).await.ok();
    assert_eq!(
        (&dispute["amount"], &dispute["currency"], &dispute["status"]),
        (&1200.into(), &"usd".into(), &"unsubmitted".into())
    );
    let forced = format!("card={}&amount=70", id(&card));
    let forced = api
        .post(
            &format!("{helpers}/transactions/create_force_capture"),
            &forced,
        )
        .await
        .ok();
    assert_eq!(
        (&forced["amount"], &forced["authorization"]),
        (&(-70).into(), &Value::Null)
    );
}

#[tokio::test]
async fn card_status_and_spending_controls_decline_authorizations() {
    let api = caller(&emulator(), "sk_test_products");
    let limited = "status=active&spending_controls[spending_limits][0][amount]=1500&spending_controls[spending_limits][0][interval]=daily\
                   &spending_controls[blocked_merchant_countries][]=FR";
    let cards = [
        card(&api, "status=inactive").await,
        card(&api, limited).await,
    ];
    let path = "/v1/test_helpers/issuing/authorizations";
    let mut reasons = Vec::new();
    for (card, more) in [
        (&cards[0], "amount=1000"),
        (&cards[1], "amount=1000"),
        (&cards[1], "amount=501"),
        (&cards[1], "amount=500&merchant_data[country]=FR"),
        (&cards[1], "amount=500"),
    ] {
        let asked = api
            .post(path, &format!("card={}&{more}", id(card)))
            .await
            .ok();
        reasons.push((
            asked["approved"] == true,
            asked["request_history"][0]["reason"]
                .as_str()
                .unwrap()
                .to_owned(),
        ));
    }
    let expected = [
        (false, "card_inactive"),
        (true, "card_active"),
        (false, "spending_controls"),
        (false, "spending_controls"),
        (true, "card_active"),
    ];
    assert_eq!(
        reasons,
        expected.map(|(approved, reason)| (approved, reason.to_owned()))
    );
}
