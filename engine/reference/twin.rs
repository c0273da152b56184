//! Where a host has a web page as markdown: what its author wrote, without menus and marks.

use std::sync::LazyLock;

use regex::Regex;
use reqwest::Url;

use crate::reference::Page;

/// The most addresses that are tried for one page.
const MOST: usize = 3;

/// A link in the head of a page that says so.
static ALTERNATE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)<link\s[^<>]*text/(?:x-)?markdown[^<>]*>").ok());

static ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)\shref\s*=\s*(?:"([^"<>]+)"|'([^'<>]+)')"#).ok());

/// Links of markdown.
static LINK: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\]\(\s*<?([^()\s<>]+)>?\s*\)").ok());

/// Whether a page came as HTML.
pub(crate) fn is_html(page: &Page) -> bool {
    matches!(page.media_type.as_str(), "text/html" | "application/xhtml+xml")
}

/// Returns the addresses at which a web page may be as markdown: the one it names, and the one
/// that many hosts have beside it. All are of its own host.
pub(crate) fn candidates(page: &Page) -> Vec<String> {
    let named = ALTERNATE.as_ref().into_iter().flat_map(|link| link.find_iter(&page.body));
    let named = named.filter_map(|link| {
        let href = ADDRESS.as_ref()?.captures(link.as_str())?;
        let href = href.iter().skip(1).flatten().next()?.as_str().to_owned();
        same_host(&page.url, &href)
    });
    let mut all: Vec<String> = named.collect();
    all.extend(beside(&page.url));
    all.dedup();
    all.truncate(MOST);
    all
}

/// Returns the address at which many hosts have a web page as markdown.
pub(crate) fn beside(url: &str) -> Option<String> {
    let (path, query) =
        url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".html").unwrap_or(path);
    // A host alone has no page that could be named.
    if path.matches('/').count() < 3 || path.rsplit('.').next() == Some("md") {
        return None;
    }
    Some(query.map_or_else(|| format!("{path}.md"), |query| format!("{path}.md?{query}")))
}

/// Returns the address of the list of pages that a host has for models.
pub(crate) fn list(url: &str) -> Option<String> {
    Some(Url::parse(url).ok()?.join("/llms.txt").ok()?.to_string())
}

/// Finds a page in such a list: the link whose path is the page's, but for its end.
pub(crate) fn listed(list: &str, url: &str) -> Option<String> {
    let wanted = Url::parse(url).ok()?;
    let plain = |path: &str| {
        let path = path.trim_end_matches('/');
        let ends = [".html.md", ".html", ".md", ".mdx", ".txt"];
        let end = ends.iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path);
        end.trim_end_matches("/index").to_owned()
    };
    let mut links = LINK.as_ref()?.captures_iter(list);
    links.find_map(|link| {
        let found = same_host(url, link.get(1)?.as_str())?;
        let path = Url::parse(&found).ok()?.path().to_owned();
        let is_it = plain(&path) == plain(wanted.path()) && path != wanted.path();
        is_it.then_some(found)
    })
}

/// Resolves a link of a page, if it stays on the page's host.
fn same_host(page: &str, link: &str) -> Option<String> {
    let page = Url::parse(page).ok()?;
    let found = page.join(link).ok()?;
    (found.origin() == page.origin()).then(|| found.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(body: &str) -> Page {
        Page {
            url: "https://a.example/docs/sdk".to_owned(),
            media_type: "text/html".to_owned(),
            etag: None,
            last_modified: None,
            body: body.to_owned(),
            twin_of: None,
            confirmed_at: 0,
        }
    }

    #[test]
    fn a_page_may_stand_beside_itself_as_markdown() {
        let cases = [
            ("https://a.example/docs/sdk", Some("https://a.example/docs/sdk.md")),
            ("https://a.example/docs/sdk/", Some("https://a.example/docs/sdk.md")),
            ("https://a.example/sdk.html?v=2", Some("https://a.example/sdk.md?v=2")),
            ("https://a.example/sdk.md", None),
            ("https://a.example/", None),
        ];
        for (url, wanted) in cases {
            assert_eq!(beside(url).as_deref(), wanted, "{url}");
        }
    }

    #[test]
    fn a_page_names_its_markdown_on_its_own_host_alone() {
        let link = |href: &str| {
            html(&format!("<link rel=alternate href=\"{href}\" type='text/markdown'>"))
        };
        let beside = "https://a.example/docs/sdk.md";
        assert_eq!(candidates(&link("raw/sdk.md")), ["https://a.example/docs/raw/sdk.md", beside]);
        assert_eq!(candidates(&link("https://b.example/sdk.md")), [beside]);
        assert_eq!(candidates(&html("<link rel=stylesheet href=a.css>")), [beside]);
    }

    #[test]
    fn a_list_for_models_has_the_page_by_its_path() {
        let list = "# A\n\n- [SDK](/docs/sdk.html.md): all of it\n- [B](https://b.example/docs/b.md)\n- [C](/docs/c)\n";
        let found = |path: &str| listed(list, &format!("https://a.example{path}"));
        assert_eq!(found("/docs/sdk").as_deref(), Some("https://a.example/docs/sdk.html.md"));
        assert_eq!(found("/docs/sdk.html").as_deref(), Some("https://a.example/docs/sdk.html.md"));
        assert_eq!(found("/docs/b"), None);
        assert_eq!(found("/docs/c"), None);
        assert_eq!(
            super::list("https://a.example/x/y?z").as_deref(),
            Some("https://a.example/llms.txt")
        );
    }
}
