//! What must hold for every page, for the tests of pages.

/// Asserts that every control has a label, that every id is unique, and that there is no inline style or script.
pub fn assert_sound(html: &str) {
    let ids: Vec<&str> = html
        .split(" id=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let unique: std::collections::HashSet<&&str> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    for input in html
        .split("<input ")
        .chain(html.split("<select "))
        .filter(|part| !part.starts_with("<!doctype"))
        .filter(|input| !input.starts_with("type=\"hidden\""))
    {
        let id = input
            .split("id=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("every control has an id");
        assert!(html.contains(&format!("<label for=\"{id}\">")), "{id}");
    }
    let handler = |rest: &str| {
        rest.split_once('=')
            .is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_lowercase()))
    };
    assert!(
        !html.contains(" style=") && !html.split(" on").skip(1).any(handler),
        "{html}"
    );
}
