//! Small PDF documents: a heading, lines of text, and rows with an amount at the right.

use axum::response::{IntoResponse, Response};
use http::header;
use pdf_writer::{Content, Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};

/// A4 in points.
const PAPER: (f32, f32) = (595.0, 842.0);
const MARGIN: f32 = 56.0;
const SIZE: f32 = 10.0;
const LEADING: f32 = 16.0;
/// How wide a character of Courier is, in parts of its size.
const FIXED_WIDTH: f32 = 0.6;
/// Lines of a page.
const LINES: usize = 44;
/// Longer text than this does not fit beside an amount.
const WIDEST: usize = 70;

const TEXT: Name<'_> = Name(b"F1");
const BOLD: Name<'_> = Name(b"F2");
const FIXED: Name<'_> = Name(b"F3");

/// A document to be written.
#[derive(Debug, Clone, Default)]
pub struct Document {
    /// Its title and heading.
    pub title: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A line of a document.
#[derive(Debug, Clone)]
pub enum Line {
    /// Text, wrapped.
    Text(String),
    /// Words, and an amount at the right.
    Row(String, String),
    /// The same in bold.
    Sum(String, String),
    /// Vertical space.
    Gap,
}

impl Document {
    /// The document as an answer to a browser.
    pub fn respond(&self, file_name: &str) -> Response {
        let name = format!("inline; filename=\"{file_name}.pdf\"");
        let headers = [
            (header::CONTENT_TYPE, "application/pdf".to_owned()),
            (header::CONTENT_DISPOSITION, name),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ];
        (headers, self.write()).into_response()
    }

    /// The document's bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut pdf = Pdf::new();
        let mut ids = 1..;
        let mut next = || Ref::new(ids.next().unwrap_or(i32::MAX));
        let (catalog, tree, info) = (next(), next(), next());
        let fonts = [
            (TEXT, &b"Helvetica"[..]),
            (BOLD, b"Helvetica-Bold"),
            (FIXED, b"Courier"),
        ];
        let fonts = fonts.map(|(name, base)| (name, base, next()));
        let mut sheets: Vec<&[Line]> = self.lines.chunks(LINES).collect();
        if sheets.is_empty() {
            sheets.push(&[]);
        }
        let pages: Vec<(Ref, Ref)> = sheets.iter().map(|_| (next(), next())).collect();
        pdf.catalog(catalog).pages(tree);
        pdf.document_info(info).title(TextStr(&self.title));
        let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
        let kids = pages.iter().map(|(page, _)| *page);
        pdf.pages(tree).kids(kids).count(count);
        for (_, base, id) in fonts {
            pdf.type1_font(id)
                .base_font(Name(base))
                .encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        for (index, ((page, content), lines)) in pages.iter().zip(&sheets).enumerate() {
            let mut sheet = pdf.page(*page);
            sheet.media_box(Rect::new(0.0, 0.0, PAPER.0, PAPER.1));
            sheet.parent(tree).contents(*content);
            let mut resources = sheet.resources();
            let mut named = resources.fonts();
            for (name, _, id) in fonts {
                named.pair(name, id);
            }
            named.finish();
            resources.finish();
            sheet.finish();
            let title = (index == 0).then_some(self.title.as_str());
            pdf.stream(*content, &drawn(title, lines).finish());
        }
        pdf.finish()
    }
}

fn drawn(title: Option<&str>, lines: &[Line]) -> Content {
    let mut content = Content::new();
    let mut y = PAPER.1 - MARGIN;
    if let Some(title) = title {
        put(&mut content, BOLD, 16.0, (MARGIN, y), title);
        y -= 2.0 * LEADING;
    }
    for line in lines {
        match line {
            Line::Text(text) => put(&mut content, TEXT, SIZE, (MARGIN, y), text),
            Line::Row(words, amount) => row(&mut content, TEXT, y, words, amount),
            Line::Sum(words, amount) => row(&mut content, BOLD, y, words, amount),
            Line::Gap => {}
        }
        y -= LEADING;
    }
    content
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an amount has a few dozen characters"
)]
fn row(content: &mut Content, font: Name<'_>, y: f32, words: &str, amount: &str) {
    let short: String = words.chars().take(WIDEST).collect();
    put(content, font, SIZE, (MARGIN, y), &short);
    let width = amount.chars().count() as f32 * FIXED_WIDTH * SIZE;
    put(content, FIXED, SIZE, (PAPER.0 - MARGIN - width, y), amount);
}

fn put(content: &mut Content, font: Name<'_>, size: f32, (x, y): (f32, f32), text: &str) {
    content
        .begin_text()
        .set_font(font, size)
        .next_line(x, y)
        .show(Str(&encoded(text)))
        .end_text();
}

/// Text as the standard fonts know it; what they do not know is a question mark.
fn encoded(text: &str) -> Vec<u8> {
    let byte = |character: char| match character {
        // What is not ASCII is written in hexadecimal: nobody could search it.
        '×' => b'x',
        '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{ff}' => {
            u8::try_from(u32::from(character)).unwrap_or(b'?')
        }
        '€' => 0x80,
        '…' => 0x85,
        '–' => 0x96,
        '—' => 0x97,
        _ => b'?',
    };
    text.chars().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_its_text_and_as_many_pages_as_it_needs() {
        let document = Document {
            title: "Invoice (7)".to_owned(),
            lines: vec![Line::Row("2 × Bread".to_owned(), "10.00 eur".to_owned()); LINES + 1],
        };
        let written = document.write();
        assert!(written.starts_with(b"%PDF-") && written.trim_ascii_end().ends_with(b"%%EOF"));
        let has = |part: &[u8]| written.windows(part.len()).any(|it| it == part);
        assert!(has(b"2 x Bread") && has(b"10.00 eur") && has(b"/Count 2"));
        assert_eq!(encoded("5 € für 漢"), b"5 \x80 f\xfcr ?");
        assert!(Document::default().write().starts_with(b"%PDF-"));
    }
}
