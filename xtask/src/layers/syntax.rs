//! Questions to parsed code: the names that a `use` imports, the attributes of an item, and whether it is for tests only.

use syn::{Item, Meta, UseTree, ext::IdentExt as _, punctuated::Punctuated, spanned::Spanned as _};

/// One path that a `use` imports.
pub(super) struct UseLeaf {
    pub(super) path: Vec<String>,
    /// The name in scope; `None` for `::*`.
    pub(super) name: Option<String>,
    pub(super) line: usize,
}

/// The paths that a `use` imports, one for each name.
pub(super) fn leaves(tree: &UseTree) -> Vec<UseLeaf> {
    let mut found = Vec::new();
    walk(tree, &mut Vec::new(), &mut found);
    found
}

fn walk(tree: &UseTree, prefix: &mut Vec<String>, found: &mut Vec<UseLeaf>) {
    let leaf = |ident: &syn::Ident, name: String, prefix: &[String]| {
        let mut path = prefix.to_vec();
        let last = ident.unraw().to_string();
        // `use a::b::{self}` imports `a::b`.
        if last != "self" || path.is_empty() {
            path.push(last);
        }
        let name = if name == "self" {
            path.last().cloned().unwrap_or_default()
        } else {
            name
        };
        UseLeaf {
            path,
            name: Some(name),
            line: ident.span().start().line,
        }
    };
    match tree {
        UseTree::Path(inner) => {
            prefix.push(inner.ident.unraw().to_string());
            walk(&inner.tree, prefix, found);
            prefix.pop();
        }
        UseTree::Name(name) => {
            found.push(leaf(&name.ident, name.ident.unraw().to_string(), prefix));
        }
        UseTree::Rename(rename) => found.push(leaf(
            &rename.ident,
            rename.rename.unraw().to_string(),
            prefix,
        )),
        UseTree::Glob(glob) => found.push(UseLeaf {
            path: prefix.clone(),
            name: None,
            line: glob.span().start().line,
        }),
        UseTree::Group(group) => {
            for inner in &group.items {
                walk(inner, prefix, found);
            }
        }
    }
}

/// Whether the attributes keep an item out of every build but that of the tests.
pub(super) fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute
                .path()
                .segments
                .last()
                .is_some_and(|last| last.ident == "test")
            || (attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<Meta>()
                    .is_ok_and(|predicate| needs_test(&predicate)))
    })
}

/// Whether a `cfg` predicate only holds for tests.
fn needs_test(predicate: &Meta) -> bool {
    let inner = |list: &syn::MetaList| {
        list.parse_args_with(Punctuated::<Meta, syn::Token![,]>::parse_terminated)
            .unwrap_or_default()
    };
    match predicate {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => inner(list).iter().any(needs_test),
        Meta::List(list) if list.path.is_ident("any") => {
            let alternatives = inner(list);
            !alternatives.is_empty() && alternatives.iter().all(needs_test)
        }
        _ => false,
    }
}

/// The attributes of an item.
pub(super) fn attributes(item: &Item) -> &[syn::Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
