//! A small browser: it stores cookies, follows redirects and submits forms.
//!
//! It sends plain HTTP/1.1 to loopback addresses.

use bytes::Bytes;
use cookie::Cookie;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use tollway::transport::{HyperTransport, Transport as _, TransportRequest};
use url::Url;

use crate::page::Page;

const MAX_REDIRECTS: usize = 10;
/// Longer pages are an error.
const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;
const FORM_CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// One person's browser. A clone starts with the same cookies and changes its own copy from then on.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    transport: HyperTransport,
    cookies: Vec<Cookie<'static>>,
}

/// One HTTP response, before a redirect is followed.
#[derive(Debug)]
pub(crate) struct Response {
    /// Where it came from.
    pub(crate) url: Url,
    /// HTTP status.
    pub(crate) status: StatusCode,
    /// Its headers.
    pub(crate) headers: HeaderMap,
    /// Its body as text.
    pub(crate) body: String,
}

impl Browser {
    /// A browser without cookies.
    pub(crate) fn new() -> Result<Self, String> {
        let transport = HyperTransport::builder().build();
        Ok(Self {
            transport: transport.map_err(|error| error.to_string())?,
            cookies: Vec::new(),
        })
    }

    /// Opens an address and follows redirects to a page.
    pub(crate) async fn open(&mut self, url: &Url) -> Result<Page, String> {
        let response = self.open_once(url).await?;
        self.follow(response).await
    }

    /// Opens an address without following a redirect.
    pub(crate) async fn open_once(&mut self, url: &Url) -> Result<Response, String> {
        self.send(Method::GET, url, None).await
    }

    /// Sets the fields in `fill`, submits the form by the button `label`, and follows redirects to a page.
    pub(crate) async fn press(
        &mut self,
        page: &Page,
        label: &str,
        fill: &[(&str, &str)],
    ) -> Result<Page, String> {
        let response = self.press_once(page, label, fill).await?;
        self.follow(response).await
    }

    /// Submits a form by its button without following a redirect.
    pub(crate) async fn press_once(
        &mut self,
        page: &Page,
        label: &str,
        fill: &[(&str, &str)],
    ) -> Result<Response, String> {
        let sent = page.press(label, fill)?;
        let mut target = page
            .url
            .join(&sent.action)
            .map_err(|error| format!("a form's action {:?}: {error}", sent.action))?;
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&sent.pairs)
            .finish();
        if sent.post {
            return self
                .send(Method::POST, &target, Some((FORM_CONTENT_TYPE, form)))
                .await;
        }
        target.set_query(Some(&form));
        self.send(Method::GET, &target, None).await
    }

    /// Sends a JSON document.
    pub(crate) async fn post_json(
        &mut self,
        url: &Url,
        body: &serde_json::Value,
    ) -> Result<Response, String> {
        self.send(
            Method::POST,
            url,
            Some(("application/json", body.to_string())),
        )
        .await
    }

    /// Follows the redirects of a response to a page.
    pub(crate) async fn follow(&mut self, mut response: Response) -> Result<Page, String> {
        for _ in 0..MAX_REDIRECTS {
            let Some(next) = response.location()? else {
                return Ok(Page::read(
                    response.url,
                    response.status.as_u16(),
                    &response.body,
                ));
            };
            response = self.open_once(&next).await?;
        }
        Err(format!(
            "{} redirected more than {MAX_REDIRECTS} times",
            response.url
        ))
    }

    async fn send(
        &mut self,
        method: Method,
        url: &Url,
        content: Option<(&str, String)>,
    ) -> Result<Response, String> {
        let failed =
            |error: &dyn std::fmt::Display| format!("{method} {}: {error}", without_query(url));
        let uri: Uri = url.as_str().parse().map_err(|error| failed(&error))?;
        let mut headers = HeaderMap::new();
        let mut set = |name: HeaderName, value: &str| -> Result<(), String> {
            let value = HeaderValue::from_str(value).map_err(|error| failed(&error))?;
            headers.insert(name, value);
            Ok(())
        };
        set(header::ACCEPT, "text/html")?;
        let cookies = self.cookies_for(url);
        if !cookies.is_empty() {
            set(header::COOKIE, &cookies)?;
        }
        if let Some((content_type, _)) = &content {
            set(header::CONTENT_TYPE, content_type)?;
            set(header::ORIGIN, &url.origin().ascii_serialization())?;
        }
        let body = Bytes::from(content.map(|(_, text)| text).unwrap_or_default());
        let request = TransportRequest::new(method.clone(), uri, headers, body);
        let response = self
            .transport
            .send(request)
            .await
            .map_err(|error| failed(&error))?;
        let (status, headers) = (response.status, response.headers);
        let body = response
            .body
            .collect(MAX_PAGE_BYTES)
            .await
            .map_err(|error| failed(&error))?;
        for line in headers.get_all(header::SET_COOKIE) {
            self.keep(line.to_str().unwrap_or_default(), url);
        }
        Ok(Response {
            url: url.clone(),
            status,
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    fn cookies_for(&self, url: &Url) -> String {
        let fits = |cookie: &&Cookie<'_>| cookie.path().is_none_or(|path| covers(path, url.path()));
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .filter(fits)
            .map(|cookie| cookie.stripped().to_string())
            .collect();
        pairs.join("; ")
    }

    fn keep(&mut self, line: &str, url: &Url) {
        let Ok(mut cookie) = Cookie::parse(line.to_owned()) else {
            return;
        };
        if cookie.path().is_none() {
            let folder = url.path().rsplit_once('/').map_or("/", |(folder, _)| {
                if folder.is_empty() { "/" } else { folder }
            });
            cookie.set_path(folder.to_owned());
        }
        self.cookies
            .retain(|stored| (stored.name(), stored.path()) != (cookie.name(), cookie.path()));
        if cookie
            .max_age()
            .is_none_or(cookie::time::Duration::is_positive)
        {
            self.cookies.push(cookie);
        }
    }
}

impl Response {
    /// Where it redirects to, absolute.
    pub(crate) fn location(&self) -> Result<Option<Url>, String> {
        if !self.status.is_redirection() {
            return Ok(None);
        }
        let target = self
            .headers
            .get(header::LOCATION)
            .and_then(|value| value.to_str().ok());
        let target =
            target.ok_or_else(|| format!("{} redirects nowhere", without_query(&self.url)))?;
        self.url
            .join(target)
            .map(Some)
            .map_err(|error| format!("the redirect to {target:?}: {error}"))
    }
}

/// Whether a cookie of path `path` is sent to `target` (RFC 6265, 5.1.4).
fn covers(path: &str, target: &str) -> bool {
    target
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || path.ends_with('/'))
}

/// The address without its query, which holds codes and states that must not be printed.
fn without_query(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().expect("url")
    }

    #[test]
    fn cookies_go_back_to_the_paths_they_cover() {
        let mut browser = Browser::new().expect("a browser");
        browser.keep(
            "a=1; Path=/connect; HttpOnly; SameSite=Lax",
            &url("http://127.0.0.1/connect/x/start"),
        );
        browser.keep("b=2", &url("http://127.0.0.1/operator/login"));
        browser.keep("c=3; Path=/", &url("http://127.0.0.1/"));
        assert_eq!(
            browser.cookies_for(&url("http://127.0.0.1/connect/x/callback")),
            "a=1; c=3"
        );
        assert_eq!(
            browser.cookies_for(&url("http://127.0.0.1/connected")),
            "c=3"
        );
        assert_eq!(
            browser.cookies_for(&url("http://127.0.0.1/operator/list")),
            "b=2; c=3"
        );
    }

    #[test]
    fn cookies_are_replaced_and_removed() {
        let mut browser = Browser::new().expect("a browser");
        let here = url("http://127.0.0.1/");
        browser.keep("a=1; Path=/", &here);
        browser.keep("a=2; Path=/", &here);
        assert_eq!(browser.cookies_for(&here), "a=2");
        browser.keep("a=; Path=/; Max-Age=0", &here);
        assert_eq!(browser.cookies_for(&here), "");
    }
}
