//! Reading a page as a person's browser would: its title, its text, its forms.
//!
//! HTML goes in, tokens come from `html5gum`, and one pass over them collects the forms with the values they would send.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};
use url::Url;

/// An answer that a person sees.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Where it came from, after redirects.
    pub(crate) url: Url,
    /// HTTP status.
    pub(crate) status: u16,
    /// The `<title>`.
    pub(crate) title: String,
    /// The text of the body with white space folded.
    pub(crate) text: String,
    /// The links in order: what is written on them, and `href`.
    pub(crate) links: Vec<(String, String)>,
    /// The forms in order.
    pub(crate) forms: Vec<Form>,
}

/// A `<form>`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    /// `action`, as written; empty means the page itself.
    pub(crate) action: String,
    /// Whether it is sent by POST.
    pub(crate) post: bool,
    /// What it sends besides its buttons, prefilled.
    pub(crate) fields: Vec<Field>,
    /// Its submit buttons.
    pub(crate) buttons: Vec<Button>,
}

/// A field with the value it would send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// The `name`.
    pub(crate) name: String,
    /// What would be sent.
    pub(crate) value: String,
    /// Whether it is sent at all: an unchecked box or radio button is not.
    pub(crate) sent: bool,
    /// Whether it is one of several radio buttons of that name.
    radio: bool,
}

/// A submit button.
#[derive(Debug, Clone, Default)]
pub(crate) struct Button {
    /// What is written on it.
    pub(crate) label: String,
    /// The pair it adds, if it has a `name`.
    pair: Option<(String, String)>,
    /// `formaction`.
    action: Option<String>,
}

/// What a pressed button sends.
#[derive(Debug)]
pub(crate) struct Submission {
    /// The target, as written in the page.
    pub(crate) action: String,
    /// Whether it is sent by POST.
    pub(crate) post: bool,
    /// The form's pairs.
    pub(crate) pairs: Vec<(String, String)>,
}

impl Page {
    /// Reads an HTML page.
    pub(crate) fn read(url: Url, status: u16, html: &str) -> Self {
        let mut reader = PageReader::default();
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        for token in Tokenizer::new_with_emitter(html, emitter).flatten() {
            match token {
                Token::StartTag(tag) => reader.open(&tag),
                Token::EndTag(tag) => reader.close(&lossy(&tag.name)),
                Token::String(text) => reader.text(&lossy(&text)),
                _ => {}
            }
        }
        for button in reader.forms.iter_mut().flat_map(|form| &mut form.buttons) {
            button.label = fold(&button.label);
        }
        Self {
            url,
            status,
            title: fold(&reader.title),
            text: fold(&reader.body),
            links: reader
                .links
                .into_iter()
                .map(|(label, href)| (fold(&label), href))
                .collect(),
            forms: reader.forms,
        }
    }

    /// What pressing the button labelled `label` sends, with `fill` typed into the fields.
    ///
    /// Filling a radio button chooses the one with that value. An unknown button or field is an error that names what there is.
    pub(crate) fn press(&self, label: &str, fill: &[(&str, &str)]) -> Result<Submission, String> {
        let found = self.forms.iter().find_map(|form| {
            let button = form
                .buttons
                .iter()
                .find(|button| button.label.contains(label))?;
            Some((form, button))
        });
        let Some((form, button)) = found else {
            return Err(format!(
                "the page «{}» has no button «{label}», only {:?}",
                self.title,
                self.labels()
            ));
        };
        let mut fields = form.fields.clone();
        for (name, value) in fill {
            type_into(&mut fields, name, value)
                .map_err(|reason| format!("the page «{}» {reason}", self.title))?;
        }
        let sent = fields
            .into_iter()
            .filter(|field| field.sent)
            .map(|field| (field.name, field.value));
        Ok(Submission {
            action: button.action.clone().unwrap_or_else(|| form.action.clone()),
            post: form.post,
            pairs: sent.chain(button.pair.clone()).collect(),
        })
    }

    /// Where the link labelled `label` leads.
    pub(crate) fn link(&self, label: &str) -> Result<Url, String> {
        let found = self.links.iter().find(|(text, _)| text.contains(label));
        let (_, href) = found.ok_or_else(|| {
            let labels: Vec<_> = self.links.iter().map(|(text, _)| text.as_str()).collect();
            format!(
                "the page «{}» has no link «{label}», only {labels:?}",
                self.title
            )
        })?;
        self.url
            .join(href)
            .map_err(|error| format!("the link {href:?}: {error}"))
    }

    /// The labels of all submit buttons.
    pub(crate) fn labels(&self) -> Vec<&str> {
        self.forms
            .iter()
            .flat_map(|form| &form.buttons)
            .map(|button| button.label.as_str())
            .collect()
    }
}

fn type_into(fields: &mut [Field], name: &str, value: &str) -> Result<(), String> {
    if !fields.iter().any(|field| field.name == name) {
        let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
        return Err(format!("has no field {name:?}, only {names:?}"));
    }
    if fields.iter().any(|field| field.name == name && field.radio)
        && !fields
            .iter()
            .any(|field| field.name == name && field.value == value)
    {
        return Err(format!("has no choice {value:?} of {name:?}"));
    }
    for field in fields.iter_mut().filter(|field| field.name == name) {
        if field.radio {
            field.sent = field.value == value;
        } else {
            value.clone_into(&mut field.value);
            field.sent = true;
        }
    }
    Ok(())
}

/// Collects a page while its tokens pass by.
#[derive(Default)]
struct PageReader {
    title: String,
    body: String,
    links: Vec<(String, String)>,
    in_link: bool,
    forms: Vec<Form>,
    in_form: bool,
    /// The element whose text is being collected for something other than the body.
    inside: Inside,
}

#[derive(Default, PartialEq, Eq, Clone, Copy)]
enum Inside {
    #[default]
    Body,
    Title,
    Button,
    Textarea,
    Code,
}

impl PageReader {
    fn open(&mut self, tag: &StartTag<()>) {
        let attribute = |name: &str| {
            tag.attributes
                .get(name.as_bytes())
                .map(|value| lossy(value))
        };
        let name = attribute("name").filter(|name| !name.is_empty());
        let value = attribute("value");
        let element = lossy(&tag.name);
        if !matches!(
            element.as_str(),
            "a" | "b" | "strong" | "em" | "code" | "span"
        ) {
            self.body.push(' ');
        }
        match element.as_str() {
            "title" => self.inside = Inside::Title,
            "a" => {
                if let Some(href) = attribute("href") {
                    self.links.push((String::new(), href));
                    self.in_link = true;
                }
            }
            "script" | "style" => self.inside = Inside::Code,
            "form" => {
                let post =
                    attribute("method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
                self.forms.push(Form {
                    action: attribute("action").unwrap_or_default(),
                    post,
                    ..Form::default()
                });
                self.in_form = true;
            }
            "input" | "button" | "select" | "textarea"
                if tag.attributes.contains_key(b"disabled".as_slice()) => {}
            "input" => {
                let kind = attribute("type").unwrap_or_else(|| "text".to_owned());
                let chosen = tag.attributes.contains_key(b"checked".as_slice());
                match kind.as_str() {
                    "submit" => self.button(
                        name,
                        value.clone(),
                        attribute("formaction"),
                        value.unwrap_or_default(),
                    ),
                    "radio" | "checkbox" => {
                        let value = value.unwrap_or_else(|| "on".to_owned());
                        self.field(name, value, chosen, kind == "radio");
                    }
                    "button" | "reset" | "image" | "file" => {}
                    _ => self.field(name, value.unwrap_or_default(), true, false),
                }
            }
            "button" if attribute("type").is_none_or(|kind| kind == "submit") => {
                self.button(name, value, attribute("formaction"), String::new());
                self.inside = Inside::Button;
            }
            "textarea" => {
                self.field(name, String::new(), true, false);
                self.inside = Inside::Textarea;
            }
            "select" => self.field(name, String::new(), true, false),
            "option" => {
                let chosen = tag.attributes.contains_key(b"selected".as_slice());
                if let (Some(field), Some(value)) = (self.last_field(), value)
                    && (chosen || field.value.is_empty())
                {
                    field.value = value;
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, element: &str) {
        match element {
            "form" => self.in_form = false,
            "a" => self.in_link = false,
            "title" | "script" | "style" | "button" | "textarea" => self.inside = Inside::Body,
            _ => {}
        }
        if !matches!(element, "a" | "b" | "strong" | "em" | "code" | "span") {
            self.body.push(' ');
        }
    }

    fn text(&mut self, text: &str) {
        match self.inside {
            Inside::Body => {
                self.body.push_str(text);
                if let (true, Some((label, _))) = (self.in_link, self.links.last_mut()) {
                    label.push_str(text);
                }
            }
            Inside::Title => self.title.push_str(text),
            Inside::Code => {}
            Inside::Button => {
                if let Some(button) = self
                    .forms
                    .last_mut()
                    .and_then(|form| form.buttons.last_mut())
                {
                    button.label.push_str(text);
                }
            }
            Inside::Textarea => {
                if let Some(field) = self.last_field() {
                    field.value.push_str(text);
                }
            }
        }
    }

    fn field(&mut self, name: Option<String>, value: String, sent: bool, radio: bool) {
        if let (true, Some(name), Some(form)) = (self.in_form, name, self.forms.last_mut()) {
            form.fields.push(Field {
                name,
                value,
                sent,
                radio,
            });
        }
    }

    fn button(
        &mut self,
        name: Option<String>,
        value: Option<String>,
        action: Option<String>,
        label: String,
    ) {
        if let (true, Some(form)) = (self.in_form, self.forms.last_mut()) {
            let pair = name.map(|name| (name, value.unwrap_or_default()));
            form.buttons.push(Button {
                label,
                pair,
                action,
            });
        }
    }

    fn last_field(&mut self) -> Option<&mut Field> {
        self.forms
            .last_mut()
            .and_then(|form| form.fields.last_mut())
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = r#"<!doctype html><html><head><title>Two &amp; three</title><style>p{color:red}</style></head>
        <body><p>Hello <b>you</b>, how
        are you? <a href="../help?a=1&amp;b=2">Get <b>help</b></a></p>
        <form method="post" action="&#x2f;go?a=1&amp;b=2">
          <input type="hidden" name="csrf" value="x&quot;y">
          <input name="email" value="jenny@example.com">
          <input type="radio" name="account" value="new" checked><input type="radio" name="account" value="acct_1">
          <input type="checkbox" name="agree"><textarea name="note">a
b</textarea>
          <select name="country"><option value="DE">Germany</option><option value="FR" selected>France</option></select>
          <button name="do" value="allow">Connect <i>my account</i></button>
          <button name="do" value="deny" formaction="/no">Deny</button>
        </form><form><input type="submit" value="Search"></form></body></html>"#;

    fn page() -> Page {
        Page::read("http://localhost/x".parse().expect("url"), 200, HTML)
    }

    #[test]
    fn text_and_title_are_what_a_person_reads() {
        assert_eq!(page().title, "Two & three");
        assert!(
            page().text.starts_with("Hello you, how are you? Get help"),
            "{}",
            page().text
        );
        assert!(!page().text.contains("color"));
        assert_eq!(page().labels(), ["Connect my account", "Deny", "Search"]);
    }

    #[test]
    fn pressing_a_button_sends_the_prefilled_fields() {
        let sent = page()
            .press("Connect", &[])
            .expect("there is such a button");
        assert!(sent.post);
        assert_eq!(sent.action, "/go?a=1&b=2");
        let pairs: Vec<_> = sent
            .pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            pairs,
            [
                ("csrf", "x\"y"),
                ("email", "jenny@example.com"),
                ("account", "new"),
                ("note", "a\nb"),
                ("country", "FR"),
                ("do", "allow"),
            ]
        );
    }

    #[test]
    fn filling_chooses_radio_buttons_and_types_text() {
        let sent = page()
            .press(
                "Deny",
                &[("account", "acct_1"), ("email", "a@b.c"), ("agree", "on")],
            )
            .expect("button");
        assert_eq!(sent.action, "/no");
        let of = |name: &str| {
            sent.pairs
                .iter()
                .filter(|pair| pair.0 == name)
                .map(|pair| pair.1.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!(of("account"), ["acct_1"]);
        assert_eq!(of("email"), ["a@b.c"]);
        assert_eq!(of("agree"), ["on"]);
        assert_eq!(of("do"), ["deny"]);
    }

    #[test]
    fn links_lead_from_the_page() {
        let page = Page::read("http://localhost/a/b".parse().expect("url"), 200, HTML);
        assert_eq!(
            page.link("Get help").expect("a link").as_str(),
            "http://localhost/help?a=1&b=2"
        );
        assert!(
            page.link("Buy")
                .expect_err("no such link")
                .contains("only [\"Get help\"]")
        );
    }

    #[test]
    fn what_is_not_there_is_named() {
        assert!(
            page()
                .press("Buy", &[])
                .expect_err("no such button")
                .contains("only [\"Connect my account\"")
        );
        assert!(
            page()
                .press("Deny", &[("x", "1")])
                .expect_err("no such field")
                .contains("no field \"x\"")
        );
        assert!(
            page()
                .press("Deny", &[("account", "acct_9")])
                .expect_err("no such choice")
                .contains("acct_9")
        );
    }
}
