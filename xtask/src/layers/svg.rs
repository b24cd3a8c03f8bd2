//! The picture of crates and layers, from the same lists that the check reads.
//!
//! Crates stand in rows, each below all that use it; a box has a strip for each layer, the top one first. The text of the
//! picture depends on the lists alone, so that it can be compared.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::crates::CrateOrder;
use super::list_path;
use super::order::Order;

const BOX_WIDTH: usize = 330;
const GAP: usize = 26;
const ROW_GAP: usize = 46;
const MARGIN: usize = 16;
const TITLE_HEIGHT: usize = 30;
const LINE_HEIGHT: usize = 17;
const STRIP_PADDING: usize = 4;
/// Characters of a strip's text that fit into a box.
const LINE_CHARS: usize = 44;

const STYLE: &str = "\
    .box { fill: #f6f8fa; stroke: #57606a; stroke-width: 1.5 }
    .layer { fill: #ffffff; stroke: #d0d7de }
    text { fill: #1f2328 }
    .name { font-weight: 600; font-size: 16px }
    .module { font-size: 12px }
    .line { stroke: #0969da; stroke-width: 1.5; fill: none; marker-end: url(#head) }
    .head { fill: #0969da }
    @media (prefers-color-scheme: dark) {
      .box { fill: #161b22; stroke: #8b949e } .layer { fill: #0d1117; stroke: #30363d } text { fill: #e6edf3 }
      .line { stroke: #58a6ff } .head { fill: #58a6ff }
    }";

/// A crate's box.
struct CrateBox {
    name: String,
    /// The lines of text of each layer.
    strips: Vec<Vec<String>>,
    x: usize,
    y: usize,
}

impl CrateBox {
    fn height(&self) -> usize {
        TITLE_HEIGHT
            + self
                .strips
                .iter()
                .map(|strip| strip_height(strip))
                .sum::<usize>()
            + STRIP_PADDING
    }
}

fn strip_height(strip: &[String]) -> usize {
    strip.len() * LINE_HEIGHT + 2 * STRIP_PADDING
}

/// Draws all crates of the list.
pub(super) fn draw(root: &Path, crates: &CrateOrder) -> Result<String, String> {
    let mut boxes = Vec::new();
    for name in crates.names() {
        let list = list_path(name);
        let strips = match fs::read_to_string(root.join(&list)) {
            Ok(text) => strips(&Order::parse(&text, &list)?),
            Err(_) => Vec::new(),
        };
        boxes.push(CrateBox {
            name: name.to_owned(),
            strips,
            x: 0,
            y: 0,
        });
    }
    Ok(document(boxes, crates))
}

fn strips(order: &Order) -> Vec<Vec<String>> {
    let layers = order
        .layers(&[])
        .into_iter()
        .flat_map(|layers| &layers.lines);
    layers.map(|layer| wrapped(layer)).collect()
}

/// The modules of a layer in lines that fit.
fn wrapped(layer: &[String]) -> Vec<String> {
    let mut lines = vec![String::new()];
    for module in layer {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(module);
        } else if line.chars().count() + 3 + module.len() <= LINE_CHARS {
            write!(line, " · {module}").ok();
        } else {
            lines.push(module.clone());
        }
    }
    lines
}

/// The row of each crate: below every crate that uses it.
fn rows(crates: &CrateOrder) -> BTreeMap<String, usize> {
    let mut rows: BTreeMap<String, usize> =
        crates.names().map(|name| (name.to_owned(), 0)).collect();
    // The list goes from the top down, so a crate's row is final when its turn comes.
    for name in crates.names() {
        let below = rows.get(name).map_or(0, |row| row + 1);
        for used in crates.may_use(name) {
            if let Some(row) = rows.get_mut(used) {
                *row = (*row).max(below);
            }
        }
    }
    rows
}

fn document(mut boxes: Vec<CrateBox>, crates: &CrateOrder) -> String {
    let rows = rows(crates);
    let last = rows.values().copied().max().unwrap_or(0);
    let row_of = |name: &str| rows.get(name).copied().unwrap_or(0);
    let in_row = |boxes: &[CrateBox], row: usize| {
        boxes
            .iter()
            .filter(|each| row_of(&each.name) == row)
            .count()
    };
    let widest = (0..=last).map(|row| in_row(&boxes, row)).max().unwrap_or(1);
    let width = 2 * MARGIN + widest * BOX_WIDTH + widest.saturating_sub(1) * GAP;
    let mut y = MARGIN;
    for row in 0..=last {
        let count = in_row(&boxes, row);
        let mut x = (width - count * BOX_WIDTH - count.saturating_sub(1) * GAP) / 2;
        let mut height = 0;
        for each in boxes.iter_mut().filter(|each| row_of(&each.name) == row) {
            (each.x, each.y) = (x, y);
            x += BOX_WIDTH + GAP;
            height = height.max(each.height());
        }
        y += height + ROW_GAP;
    }
    let height = y - ROW_GAP + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"t d\" \
         font-family=\"system-ui, sans-serif\">\n  <title id=\"t\">Crates and layers of Tollway</title>\n  \
         <desc id=\"d\">Each crate with its layers of modules, the top layer first. Arrows point to the crates that a crate \
         uses. Made by cargo xtask layers from {}.</desc>\n  <style>\n{STYLE}\n  </style>\n  <defs>\n    \
         <marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto-start-reverse\">\n      <path class=\"head\" d=\"M0 0 10 5 0 10z\"/>\n    </marker>\n  </defs>\n",
        super::LISTS
    );
    for user in &boxes {
        for used in boxes
            .iter()
            .filter(|used| crates.may_use(&user.name).contains(&used.name))
        {
            arrow(&mut svg, user, used);
        }
    }
    for each in &boxes {
        draw_box(&mut svg, each);
    }
    svg.push_str("</svg>\n");
    svg
}

/// A curve from the bottom of one box to the top of another one.
fn arrow(svg: &mut String, from: &CrateBox, to: &CrateBox) {
    let (x, y) = (from.x + BOX_WIDTH / 2, from.y + from.height());
    let (end_x, end_y) = (to.x + BOX_WIDTH / 2, to.y);
    let bend = ROW_GAP;
    writeln!(
        svg,
        "  <path class=\"line\" d=\"M{x} {y} C{x} {} {end_x} {} {end_x} {end_y}\"/>",
        y + bend,
        end_y.saturating_sub(bend)
    )
    .ok();
}

fn draw_box(svg: &mut String, each: &CrateBox) {
    let CrateBox { name, strips, x, y } = each;
    let (middle, title) = (x + BOX_WIDTH / 2, y + 21);
    writeln!(
        svg,
        "  <rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{}\" rx=\"8\"/>\n  \
         <text class=\"name\" x=\"{middle}\" y=\"{title}\" text-anchor=\"middle\">{name}</text>",
        each.height()
    )
    .ok();
    let mut top = y + TITLE_HEIGHT;
    for strip in strips {
        let height = strip_height(strip);
        writeln!(
            svg,
            "  <rect class=\"layer\" x=\"{}\" y=\"{top}\" width=\"{}\" height=\"{}\" rx=\"4\"/>",
            x + 6,
            BOX_WIDTH - 12,
            height - 2
        )
        .ok();
        for (index, line) in strip.iter().enumerate() {
            let baseline = top + STRIP_PADDING + index * LINE_HEIGHT + 12;
            writeln!(svg, "  <text class=\"module\" x=\"{middle}\" y=\"{baseline}\" text-anchor=\"middle\">{line}</text>").ok();
        }
        top += height;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_stands_below_all_that_use_it() {
        let crates = CrateOrder::parse("top: middle base\nmiddle: base\nbase:").expect("a list");
        let rows = rows(&crates);
        assert_eq!((rows["top"], rows["middle"], rows["base"]), (0, 1, 2));
    }

    #[test]
    fn a_wide_layer_takes_several_lines() {
        let layer: Vec<String> = (0..12).map(|number| format!("module{number}")).collect();
        let lines = wrapped(&layer);
        assert!(lines.len() > 2, "{lines:?}");
        assert!(
            lines.iter().all(|line| line.chars().count() <= LINE_CHARS),
            "{lines:?}"
        );
    }

    #[test]
    fn the_picture_names_crates_and_layers_and_draws_an_arrow_for_each_use() {
        let crates = CrateOrder::parse("top: base\nbase:").expect("a list");
        let one = |name: &str, strips| CrateBox {
            name: name.to_owned(),
            strips,
            x: 0,
            y: 0,
        };
        let svg = document(
            vec![
                one("top", vec![vec!["main".to_owned()]]),
                one("base", Vec::new()),
            ],
            &crates,
        );
        assert_eq!(svg.matches("class=\"line\"").count(), 1);
        assert!(
            svg.contains(">main</text>") && svg.contains(">base</text>"),
            "{svg}"
        );
    }
}
