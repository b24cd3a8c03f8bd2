//! What the SDK's source offers, read from its text: services, requests and views.
//!
//! Generated files are formatted by rustfmt and made of few forms, so a block ends at the first line that begins with its
//! closing brace, and a function at the first line that begins with four blanks and a brace.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The SDK as its source describes it.
#[derive(Default)]
pub(super) struct Source {
    /// Methods by type and name: those of services, of `Client`, and setters.
    types: BTreeMap<String, BTreeMap<String, Method>>,
    /// What `request!` says of a request, by type: `"charges.create", Post "/v1/charges", Api V1 Form`.
    requests: BTreeMap<String, String>,
    /// Components with a view.
    views: BTreeSet<String>,
    /// Fields with an accessor by component.
    fields: BTreeMap<String, BTreeSet<String>>,
}

/// A method of a service or a request.
struct Method {
    /// The type it gives, without path and lifetime.
    gives: String,
    /// The texts in its body: names of parameters, or component and field.
    texts: Vec<String>,
}

/// A request that can be reached from a client.
pub(super) struct Reached<'a> {
    /// What `request!` says of it.
    pub(super) facts: &'a str,
    /// Names of the parameters that its method or its setters take.
    pub(super) params: BTreeSet<&'a str>,
}

impl Source {
    /// Reads the text of files.
    pub(super) fn read<'a>(files: impl IntoIterator<Item = &'a str>) -> Self {
        let mut source = Self::default();
        files.into_iter().for_each(|text| source.add(text));
        source
    }

    fn add(&mut self, text: &str) {
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let mut block: Option<(&str, String)> = None;
        for line in lines {
            match &mut block {
                None if begins_block(line) => block = Some((line, String::new())),
                Some((head, body)) if line == "}" => {
                    self.block(head, body);
                    block = None;
                }
                Some((_, body)) => {
                    body.push_str(line);
                    body.push('\n');
                }
                None => {}
            }
        }
    }

    fn block(&mut self, head: &str, body: &str) {
        let words: Vec<&str> = body.split_whitespace().collect();
        match head {
            "request! {" => self.request(&words.join(" ")),
            "view! {" | "union! {" => {
                if let Some(component) = quoted(body).first() {
                    self.views.insert((*component).to_owned());
                }
            }
            _ if head.starts_with("impl") && !head.contains(" for ") => {
                let of = head.trim_end_matches([' ', '{']).rsplit(' ').next();
                self.methods(bare(of.unwrap_or_default()), body);
            }
            _ => {}
        }
    }

    /// `ChargeCreate, ChargeCreateEndpoint => api::Charge; "charges.create", Post "/v1/charges", Api V1 Form`
    fn request(&mut self, text: &str) {
        if let (Some((ty, _)), Some((_, facts))) = (text.split_once(','), text.split_once("; ")) {
            self.requests.insert(ty.to_owned(), facts.to_owned());
        }
    }

    fn methods(&mut self, of: &str, body: &str) {
        for function in body.split("    pub fn ").skip(1) {
            let function = function.split("\n    }").next().unwrap_or_default();
            let name = function.split(['(', '<']).next().unwrap_or_default();
            let (signature, code) = function.split_once("{\n").unwrap_or((function, ""));
            let gives = signature
                .rsplit_once("-> ")
                .map_or("", |(_, gives)| bare(gives));
            let texts: Vec<String> = quoted(code).into_iter().map(str::to_owned).collect();
            // An accessor names its component and its field.
            if let [component, field] = texts.as_slice() {
                let fields = self.fields.entry(component.clone()).or_default();
                fields.insert(field.clone());
            }
            let method = Method {
                gives: gives.to_owned(),
                texts,
            };
            self.types
                .entry(of.to_owned())
                .or_default()
                .insert(name.to_owned(), method);
        }
    }

    /// The request that `client.a().b().method(…)` begins.
    pub(super) fn reach(&self, service: &str, method: &str) -> Option<Reached<'_>> {
        let mut ty = "Client";
        for step in service.split('.') {
            ty = &self.types.get(ty)?.get(&named(step))?.gives;
        }
        let method = self.types.get(ty)?.get(&named(method))?;
        let setters = self
            .types
            .get(&method.gives)
            .into_iter()
            .flat_map(BTreeMap::values);
        Some(Reached {
            facts: self.requests.get(&method.gives)?,
            params: setters
                .chain([method])
                .flat_map(|method| &method.texts)
                .map(String::as_str)
                .collect(),
        })
    }

    /// The fields of a component that have an accessor; `None` when it has no view.
    pub(super) fn view(&self, component: &str) -> Option<BTreeSet<String>> {
        let fields = || self.fields.get(component).cloned().unwrap_or_default();
        self.views.contains(component).then(fields)
    }
}

/// The text of every Rust file below a folder.
pub(super) fn files(folder: &Path) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let unreadable = |error| format!("cannot read {}: {error}", folder.display());
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                texts.push(fs::read_to_string(&path).map_err(unreadable)?);
            }
        }
    }
    Ok(texts)
}

/// Whether a line begins a block that says something of the SDK.
fn begins_block(line: &str) -> bool {
    // A long name puts the brace of an `impl` on the next line.
    line.starts_with("impl") || matches!(line, "request! {" | "view! {" | "union! {")
}

/// A method name as Rust has it.
fn named(name: &str) -> String {
    crate::codegen::ident(name, &[])
}

/// `api::Charges<'_> ` → `Charges`
fn bare(ty: &str) -> &str {
    let ty = ty.trim().trim_start_matches("api::");
    ty.split('<').next().unwrap_or_default()
}

/// The texts between quotation marks.
fn quoted(code: &str) -> Vec<&str> {
    code.split('"').skip(1).step_by(2).collect()
}
