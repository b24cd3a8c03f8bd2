//! The contract of sealed values and their keys.

use crate::seal::{KeyId, SealingKeys};
use crate::store::{ConnectResult, NewConnection, SealedColumn, SealedTokens, Store};

use super::{claimed, grant};

/// Bytes in the form of an envelope of a key.
fn envelope(key: u8, content: u8) -> Vec<u8> {
    let mut envelope = vec![1];
    envelope.extend([key; 8]);
    envelope.extend([content; 40]);
    envelope
}

/// A connection whose two tokens are sealed by these keys.
async fn sealed(store: &dyn Store, number: u8, access: u8, refresh: u8) -> String {
    let (attempt, tenant) = (format!("att_{number}"), format!("t{number}"));
    claimed(store, &attempt, &tenant).await;
    let new = NewConnection {
        tokens: SealedTokens::new(
            Some(envelope(access, number)),
            Some(envelope(refresh, number)),
        ),
        ..grant(&attempt, &tenant, &format!("acct_{number}"), 1600)
    };
    let ConnectResult::Connected(connection) = store.connect(new).await.expect("records") else {
        panic!("a first connection")
    };
    connection.id
}

/// The id of the key that sealed so many values.
async fn key_of(store: &dyn Store, count: u64) -> KeyId {
    let counts = store.sealed_value_counts().await.expect("counts");
    let found = counts.iter().find(|counted| counted.values == count);
    found
        .unwrap_or_else(|| panic!("no key with {count} in {counts:?}"))
        .key
}

pub(super) async fn envelopes_are_found_by_their_key(store: &dyn Store) {
    assert_eq!(store.sealed_value_counts().await.expect("counts"), []);
    for number in 0..5 {
        sealed(store, number, 7, if number < 2 { 8 } else { 7 }).await;
    }
    claimed(store, "att_parked", "t9").await;
    store
        .park_grant("att_parked", "acct_9", envelope(9, 9))
        .await
        .expect("parks")
        .expect("was exchanging");
    let counts = store.sealed_value_counts().await.expect("counts");
    let counts: Vec<_> = counts
        .into_iter()
        .map(|counted| (counted.key.to_string(), counted.values))
        .collect();
    let expected = [("07", 8), ("08", 2), ("09", 1)];
    assert_eq!(
        counts,
        expected.map(|(byte, values)| (byte.repeat(8), values))
    );

    let newest = key_of(store, 8).await;
    let access = store.values_sealed_by_other_keys(SealedColumn::AccessToken, newest, None, 9);
    assert_eq!(access.await.expect("reads"), []);
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let column = SealedColumn::RefreshToken;
        let page = store.values_sealed_by_other_keys(column, newest, after.as_deref(), 1);
        let Some(value) = page.await.expect("reads").pop() else {
            break;
        };
        after = Some(value.id.clone());
        found.push(value.seal_row);
    }
    assert_eq!(
        found,
        [
            r#"["shop","test","t0","acct_0"]"#,
            r#"["shop","test","t1","acct_1"]"#
        ]
    );
    let parked = store.values_sealed_by_other_keys(SealedColumn::ParkedGrant, newest, None, 9);
    let parked = parked.await.expect("reads").remove(0);
    assert_eq!(
        (
            parked.id.as_str(),
            parked.seal_row.as_str(),
            parked.envelope
        ),
        ("att_parked", "att_parked", envelope(9, 9))
    );
}

pub(super) async fn a_value_is_resealed_only_where_it_stands(store: &dyn Store) {
    let id = sealed(store, 1, 7, 8).await;
    let stranger =
        SealingKeys::from_texts(&["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".into()]);
    let stranger = stranger.expect("a key").ids()[0];
    let values = store.values_sealed_by_other_keys(SealedColumn::RefreshToken, stranger, None, 9);
    let value = values.await.expect("reads").remove(0);
    for (changes, becomes) in [(true, 5), (false, 6)] {
        let resealed = store.reseal(&value, envelope(5, becomes)).await;
        assert_eq!(resealed.expect("writes"), changes);
    }
    let tokens = store.sealed_tokens(&id).await.expect("reads");
    assert_eq!(tokens.refresh_token, Some(envelope(5, 5)));
    assert_eq!(tokens.access_token, Some(envelope(7, 1)));
}
