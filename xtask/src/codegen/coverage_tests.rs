//! The generated part of a test that calls every service path with typed parameters and reads every accessor.
//!
//! [`super::requests`] and [`super::views`] record what they generate in [`CoverageTests`]. From that come the files of [`FOLDER`]
//! in the whole-system tests: `calls` has a function for each operation, `make` one for each parameter object with all its
//! members, `reads` compares each accessor's value with the JSON. The test around them is handwritten.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Files;
use super::generated_mark::MARK;
use super::names::snake;

/// The folder of the generated files.
pub(super) const FOLDER: &str = "tests/system/tests/every_operation/generated";

/// The most lines of a file before formatting.
const MAX_LINES: usize = 1_000;

/// The operations to call and the accessors to read.
#[derive(Default)]
pub(super) struct CoverageTests {
    calls: Vec<String>,
    makes: BTreeMap<String, String>,
    views: Vec<String>,
    unions: Vec<String>,
    /// Enums that an accessor returns.
    words: BTreeSet<String>,
    /// Rust type by component, of resources.
    resources: BTreeMap<String, String>,
}

/// Values for a parameter, as expressions.
#[derive(Clone)]
pub(super) struct Sample {
    /// With the required members only.
    pub(super) least: String,
    /// With all members.
    pub(super) most: String,
}

impl Sample {
    /// The same value for both.
    pub(super) fn of(value: impl Into<String>) -> Self {
        let value = value.into();
        Self {
            least: value.clone(),
            most: value,
        }
    }

    /// Both values put into an expression in place of `{}`.
    pub(super) fn within(&self, expression: &str) -> Self {
        Self {
            least: expression.replace("{}", &self.least),
            most: expression.replace("{}", &self.most),
        }
    }
}

/// A method that sets a parameter.
pub(super) struct Setter {
    /// The parameter.
    pub(super) field: String,
    /// The method.
    pub(super) method: String,
    pub(super) sample: Sample,
}

/// Parameters that name the start of a page. Their value must exist, and a request takes only one of them.
const CURSORS: &[&str] = &["ending_before", "page", "starting_after"];

impl CoverageTests {
    /// A request: `path` is `client.charges().capture`, `arguments` what the method takes.
    pub(super) fn call(
        &mut self,
        name: &str,
        path: &str,
        arguments: &[Sample],
        setters: &[Setter],
        is_bytes: bool,
    ) {
        let function = snake(&name.replace('.', "_"));
        let setters: Vec<&Setter> = setters
            .iter()
            .filter(|setter| !CURSORS.contains(&setter.field.as_str()))
            .collect();
        let arguments = |pick: fn(&Sample) -> &str| -> String {
            arguments.iter().map(pick).collect::<Vec<_>>().join(", ")
        };
        let (least, most) = (
            arguments(|sample| &sample.least),
            arguments(|sample| &sample.most),
        );
        let mutable = if setters.is_empty() { "" } else { "mut " };
        let unused = if setters.is_empty() && least == most {
            "_"
        } else {
            ""
        };
        let begin = if least == most {
            format!("{path}({least})")
        } else {
            format!("if set == Set::All {{ {path}({most}) }} else {{ {path}({least}) }}")
        };
        let mut code = format!(
            "fn {function}(client: &Client, {unused}set: Set) -> Call {{\n    let {mutable}request = {begin};\n",
        );
        if let Some(first) = setters.first() {
            let _ = writeln!(
                code,
                "    if set == Set::One {{\n        request = request.{}({});\n    }}",
                first.method, first.sample.least
            );
            code.push_str("    if set == Set::All {\n        request = request");
            for setter in &setters {
                let _ = write!(code, ".{}({})", setter.method, setter.sample.most);
            }
            code.push_str(";\n    }\n");
        }
        let send = if is_bytes { "whole" } else { "call" };
        let _ = write!(code, "    {send}(\"{name}\", request.send())\n}}\n\n");
        self.calls.push(code);
    }

    /// A parameter object: an expression with what is required, and the setters for the rest.
    pub(super) fn make(&mut self, ty: &str, required: &[Sample], setters: &[Setter]) -> Sample {
        let list = |pick: fn(&Sample) -> &str| -> String {
            required.iter().map(pick).collect::<Vec<_>>().join(", ")
        };
        let mut least = format!("api::{ty}::new({})", list(|sample| &sample.least));
        let mut most = format!("api::{ty}::new({})", list(|sample| &sample.most));
        // A form cannot say «an empty object».
        if required.is_empty()
            && let Some(first) = setters.first()
        {
            let _ = write!(least, ".{}({})", first.method, first.sample.least);
        }
        for setter in setters {
            let _ = write!(most, ".{}({})", setter.method, setter.sample.most);
        }
        let function = function_of(ty);
        let code = format!("pub(super) fn {function}() -> api::{ty} {{\n    {most}\n}}\n\n");
        self.makes.insert(function.clone(), code);
        Sample {
            least,
            most: format!("make::{function}()"),
        }
    }

    /// The same for a type that is another's name: one function serves both, unless a word that is always the same there is
    /// another here.
    pub(super) fn made(&mut self, ty: &str, known: &str, sample: Sample) -> Sample {
        let members = |tests: &Self, ty: &str| {
            let code = tests.makes.get(&function_of(ty))?;
            Some(code.split_once("::new(")?.1.to_owned())
        };
        if members(self, ty) != members(self, known) {
            return sample;
        }
        self.makes.remove(&function_of(ty));
        Sample {
            least: sample.least,
            most: format!("make::{}()", function_of(known)),
        }
    }

    /// A view with its accessors and the fields they read.
    pub(super) fn view(&mut self, ty: &str, component: &str, accessors: &[(String, String)]) {
        let mut code = format!(
            "impl CompareWithJson for api::{ty} {{\n    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {{\n"
        );
        if accessors.is_empty() {
            code.push_str("        self.json().compare_with(json, comparison);\n");
        } else {
            let _ = writeln!(
                code,
                "        let mut object = comparison.object(json, \"{component}\");"
            );
        }
        for (method, field) in accessors {
            let _ = writeln!(code, "        object.field(\"{field}\", &self.{method}());");
        }
        code.push_str("    }\n}\n\n");
        self.views.push(code);
    }

    /// A union with its variants.
    pub(super) fn union(&mut self, ty: &str, variants: &[String]) {
        let mut code = format!(
            "impl CompareWithJson for api::{ty} {{\n    fn compare_with(&self, json: &Json, comparison: &mut Comparison) {{\n        match self {{\n"
        );
        for variant in variants {
            let _ = writeln!(
                code,
                "            Self::{variant}(object) => object.compare_with(json, comparison),"
            );
        }
        code.push_str("            _ => comparison.unknown(json),\n        }\n    }\n}\n\n");
        self.unions.push(code);
    }

    /// An enum that an accessor gives.
    pub(super) fn word(&mut self, ty: &str) {
        self.words.insert(ty.to_owned());
    }

    /// A resource and its type.
    pub(super) fn resource(&mut self, component: &str, ty: &str) {
        self.resources.insert(component.to_owned(), ty.to_owned());
    }

    /// The files.
    pub(super) fn files(&self) -> Files {
        let mut folder = Folder::default();
        let calls = "use tollway::{Client, RangeQuery, Timestamp, api, params::{Upload, ParamValue}};\n\n\
                     use super::super::call::{Call, Set, call, whole};\nuse super::make;\n";
        folder.add("calls", "One function an operation.", calls, &self.calls);
        let makes = self.reached();
        folder.add_flat(
            "make",
            "One function a parameter object: with everything in it.",
            "use tollway::{RangeQuery, Timestamp, api, params::{Upload, ParamValue}};\n\nuse super::make;\n",
            &makes,
        );
        let reads = "use tollway::{Json, api};\n\nuse super::super::comparison::{Comparison, CompareWithJson};\n";
        let views: Vec<String> = self.views.iter().chain(&self.unions).cloned().collect();
        folder.add("reads", "Every accessor beside its JSON.", reads, &views);
        folder.put("words", "Enums beside their JSON.", &self.words_file());
        folder.put("table", "What there is to call and to read.", &self.table());
        folder.finish()
    }

    /// The functions that some call comes to: those of a union's other forms are left out.
    fn reached(&self) -> Vec<String> {
        let mut reached: BTreeMap<&str, &String> = BTreeMap::new();
        let mut texts: Vec<&String> = self.calls.iter().collect();
        while let Some(text) = texts.pop() {
            for made in text.split("make::").skip(1) {
                let name = made.split('(').next().unwrap_or_default();
                if let Some((name, code)) = self.makes.get_key_value(name)
                    && reached.insert(name, code).is_none()
                {
                    texts.push(code);
                }
            }
        }
        reached.into_values().cloned().collect()
    }

    fn words_file(&self) -> String {
        let mut code = "use tollway::{Json, api};\n\nuse super::super::comparison::{Comparison, CompareWithJson};\n\n\
             macro_rules! words {\n    ($($name:ident,)*) => {\n        $(impl CompareWithJson for api::$name {\n            \
             fn compare_with(&self, json: &Json, comparison: &mut Comparison) {\n                self.as_str().compare_with(json, comparison);\n            }\n        })*\n    };\n}\n\nwords! {\n"
            .to_owned();
        for word in &self.words {
            let _ = writeln!(code, "    {word},");
        }
        code.push_str("}\n");
        code
    }

    /// Names to functions.
    fn table(&self) -> String {
        let mut code = "use tollway::{Json, api};\n\nuse super::super::call::{Begin, Verdict, verdict_of};\n\n\
             /// Every operation but those of OAuth.\npub(in super::super) fn calls() -> Vec<Begin> {\n    let parts: &[&[Begin]] = &[CALLS];\n    parts.concat()\n}\n\n"
            .replace("CALLS", &self.call_parts());
        code.push_str(
            "/// Reads a resource by its component's name, every accessor of it.\npub(in super::super) fn read(component: &str, json: &Json) -> Option<Verdict> {\n    Some(match component {\n",
        );
        for (component, ty) in &self.resources {
            let _ = writeln!(
                code,
                "        \"{component}\" => verdict_of::<api::{ty}>(json),"
            );
        }
        code.push_str("        _ => return None,\n    })\n}\n");
        code
    }

    fn call_parts(&self) -> String {
        let parts = pieces(&self.calls).len();
        let names: Vec<String> = (1..=parts)
            .map(|part| format!("super::calls_{part:02}::CALLS"))
            .collect();
        names.join(", ")
    }
}

fn function_of(ty: &str) -> String {
    snake(ty)
}

/// Pieces of code in groups of a readable length.
fn pieces(code: &[String]) -> Vec<Vec<&str>> {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    let mut used = usize::MAX;
    for piece in code {
        // Long lines are broken by rustfmt later.
        let lines: usize = piece.lines().map(|line| 1 + line.len() / 70).sum();
        if used.saturating_add(lines) > MAX_LINES {
            groups.push(Vec::new());
            used = 0;
        }
        used += lines;
        if let Some(group) = groups.last_mut() {
            group.push(piece);
        }
    }
    groups
}

#[derive(Default)]
struct Folder {
    files: Files,
    modules: BTreeSet<String>,
}

impl Folder {
    /// Numbered files; those of calls list their functions.
    fn add(&mut self, name: &str, about: &str, uses: &str, code: &[String]) {
        for (at, group) in pieces(code).into_iter().enumerate() {
            let mut text = format!("{}\n", used(uses, &group.concat()));
            if name == "calls" {
                let functions: Vec<&str> = group
                    .iter()
                    .filter_map(|code| code.strip_prefix("fn ")?.split('(').next())
                    .collect();
                let _ = write!(
                    text,
                    "pub(super) const CALLS: &[Begin] = &[{}];\n\n",
                    functions.join(", ")
                );
                text = text.replace("::{Call, ", "::{Begin, Call, ");
            }
            text.push_str(&group.concat());
            self.put(&format!("{name}_{:02}", at + 1), about, &text);
        }
    }

    /// Numbered files below one module that offers what is in all of them.
    fn add_flat(&mut self, name: &str, about: &str, uses: &str, code: &[String]) {
        let mut index = String::new();
        for (at, group) in pieces(code).into_iter().enumerate() {
            let part = format!("{name}_{:02}", at + 1);
            let code = group.concat();
            self.put(&part, about, &format!("{}\n{code}", used(uses, &code)));
            let _ = writeln!(index, "pub(super) use super::{part}::*;");
        }
        self.put(name, about, &index);
    }

    fn put(&mut self, name: &str, about: &str, code: &str) {
        let text = format!("{MARK}\n//! {about}\n\n{}\n", code.trim_end());
        self.files.insert(format!("{FOLDER}/{name}.rs"), text);
        self.modules.insert(name.to_owned());
    }

    fn finish(mut self) -> Files {
        let mut index = format!("{MARK}\n//! Every operation and every accessor.\n\n");
        for module in &self.modules {
            let visible = if module == "table" { "pub(super) " } else { "" };
            let _ = writeln!(index, "{visible}mod {module};");
        }
        self.files.insert(format!("{FOLDER}/mod.rs"), index);
        self.files
    }
}

/// The `use` lines without the names that the code does not need.
fn used(uses: &str, code: &str) -> String {
    let mut kept = uses.to_owned();
    let is_word = |at: usize| !code[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
    if !code
        .match_indices("ParamValue::")
        .any(|(at, _)| is_word(at))
        && !code.contains("<ParamValue>")
    {
        kept = kept.replace("ParamValue", "");
    }
    for (name, sign) in [
        ("RangeQuery, ", "RangeQuery::"),
        ("Timestamp, ", "Timestamp("),
        ("Upload, ", "Upload::"),
        (", whole", "whole("),
        ("use super::make;\n", "make::"),
    ] {
        if !code.contains(sign) {
            kept = kept.replace(name, "");
        }
    }
    kept.replace(", params::{}", "")
        .replace("Upload, }", "Upload}")
}
