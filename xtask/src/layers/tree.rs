//! The modules of a crate, read from its files, without what is compiled for tests only.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use syn::{Item, Meta, Visibility, ext::IdentExt as _, spanned::Spanned as _};

use super::module::{Module, ModulePath, Reference};
use super::references::{absolute, collect};
use super::syntax::{attributes, is_test_only, leaves};

/// All modules of a crate.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) modules: BTreeMap<ModulePath, Module>,
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
