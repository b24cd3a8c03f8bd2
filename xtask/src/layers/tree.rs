//! The modules of a crate, read from its files, without what is compiled for tests only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::{
    Item, Meta, UseTree, Visibility, ext::IdentExt as _, punctuated::Punctuated,
    spanned::Spanned as _,
};

use super::references::{absolute, collect};

/// The names that lead from the crate's root to a module; the root's is empty.
pub(super) type ModulePath = Vec<String>;

/// All modules of a crate.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) modules: BTreeMap<ModulePath, Module>,
}

/// One module: what it declares and what it refers to.
#[derive(Debug, Default)]
pub(super) struct Module {
    /// Below the root of the repository.
    pub(super) file: PathBuf,
    /// The names of its items, macros included.
    pub(super) items: BTreeSet<String>,
    /// The modules that it declares.
    pub(super) children: BTreeSet<String>,
    /// The paths that each imported or re-exported name stands for. A name may be a type and a function at once.
    pub(super) imports: BTreeMap<String, Vec<Vec<String>>>,
    /// The paths before `::*`.
    pub(super) globs: Vec<Vec<String>>,
    pub(super) references: Vec<Reference>,
    /// The names of its `macro_rules!`.
    pub(super) macros: BTreeSet<String>,
    /// Macros called by name alone, and the lines.
    pub(super) macro_calls: Vec<(String, usize)>,
    /// First names of paths, which a glob import may have brought.
    pub(super) bare_names: Vec<(String, usize)>,
}

/// A path in the code that leads to something in the same crate.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    /// From the crate's root.
    pub(super) path: Vec<String>,
    pub(super) line: usize,
    /// Whether it is a `pub use`, of any visibility.
    pub(super) reexport: bool,
    /// Whether it is the path before `::*`.
    pub(super) glob: bool,
}

impl Tree {
    /// Reads the crate in `folder`. File names in the tree are relative to `root`.
    pub(super) fn read(root: &Path, folder: &Path) -> Result<Self, String> {
        let source = folder.join("src");
        let file = ["lib.rs", "main.rs"]
            .into_iter()
            .map(|name| source.join(name))
            .find(|file| file.exists())
            .ok_or_else(|| format!("{} has no lib.rs or main.rs", source.display()))?;
        let mut reader = Reader {
            root,
            tree: Self::default(),
        };
        reader.read_file(ModulePath::new(), &file, &source)?;
        Ok(reader.tree)
    }
}

struct Reader<'r> {
    root: &'r Path,
    tree: Tree,
}

impl Reader<'_> {
    /// Reads a module's file; `folder` is where the files of its children are.
    fn read_file(&mut self, path: ModulePath, file: &Path, folder: &Path) -> Result<(), String> {
        let text =
            fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let parsed = syn::parse_file(&text).map_err(|error| {
            format!("{}:{}: {error}", file.display(), error.span().start().line)
        })?;
        self.read_items(path, &parsed.items, file, folder)
    }

    fn read_items(
        &mut self,
        path: ModulePath,
        items: &[Item],
        file: &Path,
        folder: &Path,
    ) -> Result<(), String> {
        let items: Vec<&Item> = items
            .iter()
            .filter(|item| !is_test_only(attributes(item)))
            .collect();
        let mut module = Module {
            file: file.strip_prefix(self.root).unwrap_or(file).to_owned(),
            ..Module::default()
        };
        for item in &items {
            if let Item::Mod(inner) = item {
                module.children.insert(inner.ident.unraw().to_string());
            } else if let Some(name) = item_name(item) {
                if matches!(item, Item::Macro(_)) {
                    module.macros.insert(name.clone());
                }
                module.items.insert(name);
            }
        }
        for item in &items {
            if let Item::Use(item) = item {
                read_use(&path, &mut module, item);
            }
        }
        for item in &items {
            if !matches!(item, Item::Use(_) | Item::Mod(_)) {
                collect(&path, &mut module, item);
            }
        }
        if module.globs.is_empty() {
            module.bare_names.clear();
        }
        for item in items {
            let Item::Mod(inner) = item else { continue };
            let name = inner.ident.unraw().to_string();
            let mut inner_path = path.clone();
            inner_path.push(name.clone());
            let inner_folder = folder.join(&name);
            if let Some((_, items)) = &inner.content {
                self.read_items(inner_path, items, file, &inner_folder)?;
                continue;
            }
            let candidates = match path_attribute(&inner.attrs) {
                Some(named) => vec![file.parent().unwrap_or(folder).join(named)],
                None => vec![
                    folder.join(format!("{name}.rs")),
                    inner_folder.join("mod.rs"),
                ],
            };
            let inner_file = candidates
                .iter()
                .find(|candidate| candidate.exists())
                .ok_or_else(|| {
                    let line = inner.span().start().line;
                    format!(
                        "{}:{line}: the file of `mod {name}` is missing",
                        file.display()
                    )
                })?;
            self.read_file(inner_path, inner_file, &inner_folder)?;
        }
        self.tree.modules.insert(path, module);
        Ok(())
    }
}

/// Records what a `use` at the top level of a module imports.
fn read_use(path: &[String], module: &mut Module, item: &syn::ItemUse) {
    let reexport = !matches!(item.vis, Visibility::Inherited);
    for leaf in leaves(&item.tree) {
        // `use child::*` has the module's name alone before the star.
        let child_glob = leaf.name.is_none()
            && matches!(leaf.path.as_slice(), [first] if module.children.contains(first));
        let target = if child_glob {
            Some([path, leaf.path.as_slice()].concat())
        } else {
            absolute(path, &leaf.path, &module.children)
        };
        let Some(target) = target else {
            // Another crate's: the name stands for nothing of ours.
            if let Some(name) = leaf.name {
                module.imports.entry(name).or_default();
            }
            continue;
        };
        module.references.push(Reference {
            path: target.clone(),
            line: leaf.line,
            reexport,
            glob: leaf.name.is_none(),
        });
        match leaf.name {
            Some(name) => module.imports.entry(name).or_default().push(target),
            None => module.globs.push(target),
        }
    }
}

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

fn path_attribute(attributes: &[syn::Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        let syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(text),
            ..
        }) = &pair.value
        else {
            return None;
        };
        pair.path.is_ident("path").then(|| text.value())
    })
}

fn item_name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::TraitAlias(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.unraw().to_string())
}

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
