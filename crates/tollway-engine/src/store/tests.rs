use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn scope() -> Scope {
    Scope::new(Mode::Test, "acct_1")
}

fn filled(count: i64) -> Store {
    let mut store = Store::default();
    for n in 0..count {
        let customer = if n % 3 == 0 { "cus_a" } else { "cus_b" };
        let object = json!({"id": format!("ch_{n}"), "object": "charge", "created": 100 + n / 2, "customer": customer, "paid": n % 2 == 0});
        store.insert(&scope(), "charge", &object, 0);
    }
    store.commit();
    store
}

fn ids(page: &Page) -> Vec<String> {
    page.records
        .iter()
        .map(|record| record.id.to_string())
        .collect()
}

#[test]
fn pages_run_newest_first_in_both_directions() {
    let store = filled(7);
    let page = |starting_after, ending_before| {
        let query = Query {
            limit: 3,
            starting_after,
            ending_before,
            ..Query::default()
        };
        let page = store.list(&scope(), "charge", &query).unwrap();
        (ids(&page).join(" "), page.has_more)
    };
    let is = |members: &str, has_more| (members.to_owned(), has_more);
    assert_eq!(page(None, None), is("ch_6 ch_5 ch_4", true));
    assert_eq!(page(Some("ch_4"), None), is("ch_3 ch_2 ch_1", true));
    assert_eq!(page(Some("ch_1"), None), is("ch_0", false));
    assert_eq!(page(None, Some("ch_2")), is("ch_5 ch_4 ch_3", true));
    assert_eq!(page(Some("ch_0"), None), is("", false));
}

#[test]
fn filters_ranges_and_unknown_cursors() {
    let store = filled(9);
    let filters = [("customer", "cus_a"), ("paid", "true")];
    let page = store
        .list(
            &scope(),
            "charge",
            &Query {
                limit: 10,
                filters: &filters,
                ..Query::default()
            },
        )
        .unwrap();
    assert_eq!(ids(&page), ["ch_6", "ch_0"]);
    let created = CreatedRange {
        from: Some(101),
        to: Some(102),
    };
    let page = store
        .list(
            &scope(),
            "charge",
            &Query {
                limit: 10,
                created,
                ..Query::default()
            },
        )
        .unwrap();
    assert_eq!(ids(&page), ["ch_5", "ch_4", "ch_3", "ch_2"]);
    let nobody = [("customer", "cus_x")];
    let page = store
        .list(
            &scope(),
            "charge",
            &Query {
                limit: 10,
                filters: &nobody,
                ..Query::default()
            },
        )
        .unwrap();
    assert!(page.records.is_empty());
    let missing = Query {
        limit: 1,
        starting_after: Some("ch_99"),
        ..Query::default()
    };
    assert_eq!(
        store.list(&scope(), "charge", &missing).unwrap_err(),
        UnknownCursor("ch_99".into())
    );
}

#[test]
fn scopes_do_not_see_each_other() {
    let store = filled(1);
    assert!(store.get(&scope(), "charge", "ch_0").is_some());
    assert!(
        store
            .get(&scope().in_mode(Mode::Live), "charge", "ch_0")
            .is_none()
    );
    assert!(
        store
            .get(&scope().for_account("acct_2"), "charge", "ch_0")
            .is_none()
    );
    assert_eq!(store.find(&scope(), "ch_0").unwrap().0.as_ref(), "charge");
}

#[test]
fn embedded_objects_are_found_by_their_id() {
    let mut store = Store::default();
    let object = json!({"id": "iauth_1", "card": {"id": "ic_1"}});
    store.insert(&scope(), "issuing.authorization", &object, 0);
    let found = |card: &str| {
        let filters = [("card", card)];
        let query = Query {
            limit: 9,
            filters: &filters,
            ..Query::default()
        };
        let page = store.list(&scope(), "issuing.authorization", &query);
        ids(&page.unwrap())
    };
    assert_eq!(found("ic_1"), ["iauth_1"]);
    assert!(found("ic_2").is_empty());
}

#[test]
fn buried_objects_are_kept_but_not_listed() {
    let mut store = filled(2);
    store.mark_deleted(
        &scope(),
        "charge",
        &json!({"id": "ch_1", "object": "charge", "deleted": true}),
        0,
    );
    assert!(store.get(&scope(), "charge", "ch_1").unwrap().deleted);
    assert!(store.object(&scope(), "charge", "ch_1").is_none());
    assert_eq!(store.collection(&scope(), "charge").unwrap().len(), 1);
}

#[test]
fn parents_gather_their_parts() {
    let mut store = Store::default();
    for n in 0..4 {
        let parent = format!("cs_{}", n % 2);
        store.insert_under(
            &scope(),
            "item",
            Some(&parent),
            &json!({"id": format!("li_{n}")}),
            n,
        );
    }
    let page = store
        .list(
            &scope(),
            "item",
            &Query {
                limit: 9,
                parent: Some("cs_1"),
                ..Query::default()
            },
        )
        .unwrap();
    assert_eq!(ids(&page), ["li_3", "li_1"]);
}

#[test]
fn bytes_start_with_id_and_object() {
    let object =
        json!({"amount": 1, "object": "charge", "id": "ch_1", "a": [{"z": null, "id": "x"}]});
    // The order of the rest depends on how `serde_json` was built.
    let bytes = to_bytes(&object);
    let text = std::str::from_utf8(&bytes).unwrap();
    assert!(
        text.starts_with(r#"{"id":"ch_1","object":"charge","#),
        "{text}"
    );
    assert!(text.contains(r#""a":[{"id":"x","z":null}]"#), "{text}");
    assert_eq!(serde_json::from_str::<Value>(text).unwrap(), object);
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u8, u8),
    Update(u8, u8),
    Bury(u8),
    Remove(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..20u8, 0..3u8).prop_map(|(id, customer)| Step::Insert(id, customer)),
        (0..20u8, 0..3u8).prop_map(|(id, customer)| Step::Update(id, customer)),
        (0..20u8).prop_map(Step::Bury),
        (0..20u8).prop_map(Step::Remove),
    ];
    prop::collection::vec(step, 0..60)
}

fn apply(store: &mut Store, steps: &[Step]) {
    let object = |id: u8, customer: u8| json!({"id": format!("c{id}"), "customer": format!("cus_{customer}")});
    for step in steps {
        match *step {
            Step::Insert(id, customer) => {
                store.insert(&scope(), "charge", &object(id, customer), i64::from(id));
            }
            Step::Update(id, customer) => {
                store.update(&scope(), "charge", &object(id, customer), i64::from(id));
            }
            Step::Bury(id) => {
                store.mark_deleted(&scope(), "charge", &object(id, 0), 0);
            }
            Step::Remove(id) => {
                store.remove(&scope(), "charge", &format!("c{id}"));
            }
        }
    }
}

/// Everything that can be seen of a store: each filter's page and each record.
fn picture(store: &Store) -> Vec<String> {
    let mut seen = Vec::new();
    for customer in ["cus_0", "cus_1", "cus_2"] {
        let filters = [("customer", customer)];
        let page = store
            .list(
                &scope(),
                "charge",
                &Query {
                    limit: 99,
                    filters: &filters,
                    ..Query::default()
                },
            )
            .unwrap();
        seen.push(format!("{customer} {:?}", ids(&page)));
    }
    let mut records: Vec<_> = store.snapshot().filter_map(|change| change.after).collect();
    records.sort_by_key(|record| record.id.clone());
    seen.extend(
        records
            .iter()
            .map(|record| format!("{} {} {:?}", record.id, record.deleted, record.body)),
    );
    seen
}

proptest! {
    #[test]
    fn rollback_restores_everything(before in steps(), during in steps()) {
        let mut store = Store::default();
        apply(&mut store, &before);
        store.commit();
        let expected = picture(&store);
        apply(&mut store, &during);
        store.rollback();
        prop_assert_eq!(picture(&store), expected);
    }

    #[test]
    fn committed_changes_rebuild_the_store(all in steps()) {
        let mut store = Store::default();
        apply(&mut store, &all);
        let mut copy = Store::default();
        store.commit().into_iter().for_each(|change| drop(copy.replay(change)));
        prop_assert_eq!(picture(&copy), picture(&store));
    }

    #[test]
    fn an_index_finds_what_a_scan_finds(all in steps()) {
        let mut store = Store::default();
        apply(&mut store, &all);
        let Some(collection) = store.collection(&scope(), "charge") else { return Ok(()) };
        let filters = [("customer", "cus_1")];
        let page = collection.list(&Query { limit: 99, filters: &filters, ..Query::default() }).unwrap();
        let scanned: Vec<_> = collection.newest_first().filter(|r| r.parse()["customer"] == "cus_1").map(|r| r.id.to_string()).collect();
        prop_assert_eq!(ids(&page), scanned);
    }

    #[test]
    fn several_texts_of_an_index_are_one_walk_in_either_direction(all in steps(), limit in 1..9usize, at in 0..20u8) {
        let mut store = Store::default();
        apply(&mut store, &all);
        let Some(collection) = store.collection(&scope(), "charge") else { return Ok(()) };
        let texts = ["cus_0".to_owned(), "cus_2".to_owned(), "cus_0".to_owned()];
        let any_of = [("customer", texts.as_slice())];
        let wanted = |record: &&Arc<Record>| record.parse()["customer"] != "cus_1";
        let matching: Vec<_> = collection.newest_first().filter(wanted).map(|r| r.id.to_string()).collect();
        let first = collection.list(&Query { limit, any_of: &any_of, ..Query::default() }).unwrap();
        prop_assert_eq!(ids(&first), matching.iter().take(limit).cloned().collect::<Vec<_>>());
        prop_assert_eq!(first.has_more, matching.len() > limit);
        let cursor = format!("c{at}");
        let Some(place) = matching.iter().position(|id| *id == cursor) else { return Ok(()) };
        let before = collection.list(&Query { limit, any_of: &any_of, ending_before: Some(&cursor), ..Query::default() }).unwrap();
        prop_assert_eq!(ids(&before), matching[place.saturating_sub(limit)..place].to_vec());
    }
}
