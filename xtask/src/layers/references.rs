//! Collecting the paths in an item that lead into the same crate: types, expressions, patterns, macros and their arguments.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Item, ext::IdentExt as _, visit::Visit};

use super::module::{Module, Reference};
use super::syntax::{attributes, is_test_only, leaves};

/// Adds the paths in `item` to the references of its module.
pub(super) fn collect(path: &[String], module: &mut Module, item: &Item) {
    Collector { path, module }.visit_item(item);
}

/// The path from the crate's root, if `segments`, written in the module `path`, lead into the crate.
pub(super) fn absolute(
    path: &[String],
    segments: &[String],
    children: &BTreeSet<String>,
) -> Option<Vec<String>> {
    let first = segments.first()?.as_str();
    match first {
        "crate" => Some(segments[1..].to_vec()),
        "self" => (segments.len() > 1).then(|| [path, &segments[1..]].concat()),
        "super" => {
            let levels = segments
                .iter()
                .take_while(|segment| *segment == "super")
                .count();
            let ancestor = path.get(..path.len().checked_sub(levels)?)?;
            Some([ancestor, &segments[levels..]].concat())
        }
        _ => (segments.len() > 1 && children.contains(first)).then(|| [path, segments].concat()),
    }
}

struct Collector<'m> {
    path: &'m [String],
    module: &'m mut Module,
}

impl Collector<'_> {
    fn add(&mut self, segments: &[String], line: usize) {
        if let Some(path) = absolute(self.path, segments, &self.module.children) {
            self.module.references.push(Reference {
                path,
                line,
                reexport: false,
                glob: false,
            });
        } else if let Some(first) = segments.first() {
            self.module.bare_names.push((first.clone(), line));
        }
    }

    /// Finds paths in tokens that nothing parses, as in the arguments of a macro.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let colon = |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                // `pub(crate)` says who may use an item, not what it uses.
                TokenTree::Ident(word)
                    if word == "pub" && tokens.get(at + 1).is_some_and(is_restriction) =>
                {
                    at += 1;
                }
                TokenTree::Ident(first) => {
                    let line = first.span().start().line;
                    let mut segments = vec![first.unraw().to_string()];
                    while colon(at + 1) && colon(at + 2) {
                        let Some(TokenTree::Ident(next)) = tokens.get(at + 3) else {
                            break;
                        };
                        segments.push(next.unraw().to_string());
                        at += 3;
                    }
                    self.add(&segments, line);
                }
                _ => {}
            }
            at += 1;
        }
    }
}

impl Visit<'_> for Collector<'_> {
    fn visit_item(&mut self, item: &Item) {
        if !is_test_only(attributes(item)) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &syn::ImplItemFn) {
        if !is_test_only(&item.attrs) {
            syn::visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        if path.leading_colon.is_none() {
            let segments: Vec<String> = path
                .segments
                .iter()
                .map(|segment| segment.ident.unraw().to_string())
                .collect();
            let line = path
                .segments
                .first()
                .map_or(0, |segment| segment.ident.span().start().line);
            self.add(&segments, line);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &syn::ItemUse) {
        for leaf in leaves(&item.tree) {
            if let Some(path) = absolute(self.path, &leaf.path, &self.module.children) {
                let glob = leaf.name.is_none();
                if glob {
                    self.module.globs.push(path.clone());
                }
                self.module.references.push(Reference {
                    path,
                    line: leaf.line,
                    reexport: false,
                    glob,
                });
            }
        }
    }

    fn visit_macro(&mut self, call: &syn::Macro) {
        self.visit_path(&call.path);
        if let Some(name) = call.path.get_ident() {
            let line = name.span().start().line;
            self.module
                .macro_calls
                .push((name.unraw().to_string(), line));
        }
        self.add_tokens(call.tokens.clone());
    }

    /// `#[serde(with = "crate::hex")]` names a module in a text.
    fn visit_attribute(&mut self, attribute: &syn::Attribute) {
        if attribute.path().is_ident("doc") {
            return;
        }
        if let syn::Meta::List(list) = &attribute.meta {
            self.add_tokens(list.tokens.clone());
            for text in texts(list.tokens.clone()) {
                if let Ok(path) = text.parse::<syn::Path>() {
                    self.visit_path(&path);
                }
            }
        }
    }

    /// `pub(in super::super)` says who may use an item, not what it uses.
    fn visit_visibility(&mut self, _: &syn::Visibility) {}
}

/// Whether a token is what follows the `pub` of a restricted visibility: `(crate)`, `(self)`, `(super)` or `(in …)`.
fn is_restriction(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else {
        return false;
    };
    let mut inner = group.stream().into_iter();
    let first = inner.next().map(|token| token.to_string());
    group.delimiter() == Delimiter::Parenthesis
        && match first.as_deref() {
            Some("crate" | "self" | "super") => inner.next().is_none(),
            Some("in") => true,
            _ => false,
        }
}

fn texts(tokens: TokenStream) -> Vec<syn::LitStr> {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => found.extend(texts(group.stream())),
            TokenTree::Literal(literal) => {
                if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                    found.push(text);
                }
            }
            _ => {}
        }
    }
    found
}
