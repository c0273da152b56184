//! Pages, fetched from their hosts.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Response, StatusCode, Url, header};

use crate::redact::Clean;
use crate::reference::dial::{Dial, cause};
use crate::reference::twin::{self, is_html};
use crate::reference::{Fetch, FetchAnswer, FetchError, Page, address};

/// The most bytes of a page, inflated.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The most bytes of a file of a playbook, inflated.
const MAX_FILE_BYTES: usize = 1024 * 1024;

/// The most redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// How long a host has for all of its answer.
const TIMEOUT: Duration = Duration::from_secs(30);

const ACCEPT: &str = "text/markdown, text/plain;q=0.9, text/html;q=0.8";

/// Fetches pages with GET, without credentials, from public hosts by https.
///
/// **Invariant:** nothing is dialled but the addresses that were judged, and a redirect never
/// leaves the host that was asked.
#[derive(Debug)]
pub struct HttpFetch {
    timeout: Duration,
    dial: Dial,
}

/// A page, and whether its host said that it is at another address for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The page.
    pub page: Page,
    /// Every redirect on the way to it was a permanent one, and there was one.
    pub moved: bool,
}

/// What a host answered in the end; whether it said on the way that this is for good.
enum Reached {
    /// It sends what is at this address.
    Page(Url, Box<Response>, bool),
    /// The stored copy is current.
    Unchanged(bool),
}

/// Why there is no page.
enum Fault {
    /// The host was not asked, did not answer, or refuses.
    Unreached(String),
    /// It answers, and not with a text that can be read.
    Unreadable(String),
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Fault::Unreached(reason)
    }
}

impl Default for HttpFetch {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpFetch {
    /// Makes one for public hosts, which have half a minute to answer.
    pub fn new() -> Self {
        HttpFetch { timeout: TIMEOUT, dial: Dial::default() }
    }

    /// Lets this machine answer, also by plain http: for tests.
    #[must_use]
    pub fn allow_loopback(self) -> Self {
        HttpFetch { dial: self.dial.allow_loopback(), ..self }
    }

    /// Lets one server of this machine answer for every host: for tests.
    #[must_use]
    pub fn stand_in(self, server: SocketAddr) -> Self {
        HttpFetch { dial: self.dial.stand_in(server), ..self }
    }

    /// Changes how long a host has to answer.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        HttpFetch { timeout, ..self }
    }

    /// Asks for a page, whatever is stored of it.
    pub async fn look(&self, url: &Clean) -> Result<Looked, FetchError> {
        match self.within(url, None).await? {
            (FetchAnswer::Page(page), moved) => Ok(Looked { page, moved }),
            (FetchAnswer::Unchanged, _) => {
                let reason = "the host says that a stored copy is current, and was told of none";
                Err(FetchError::new(url, reason))
            }
        }
    }

    /// Asks for a file of a playbook: whatever the host says that it is, at most 1 MiB of UTF-8.
    pub async fn file(&self, url: &str) -> Result<String, FetchError> {
        let wrong = |reason: String| FetchError::new(url, reason);
        let read = async {
            let bytes = match self.reach(url, None).await? {
                Reached::Page(_, response, _) => bytes(*response, MAX_FILE_BYTES).await,
                Reached::Unchanged(_) => Err(Fault::Unreached("it sends nothing".to_owned())),
            }?;
            String::from_utf8(bytes).map_err(|_| Fault::Unreached("it is not UTF-8".to_owned()))
        };
        match tokio::time::timeout(self.timeout, read).await {
            Ok(Ok(text)) => Ok(text),
            Ok(Err(Fault::Unreached(reason) | Fault::Unreadable(reason))) => Err(wrong(reason)),
            Err(_) => Err(wrong(format!("the host has not answered within {:?}", self.timeout))),
        }
    }

    /// Whether this machine may answer.
    pub(super) fn is_local(&self) -> bool {
        self.dial.is_local()
    }

    async fn within(
        &self,
        url: &str,
        stored: Option<&Page>,
    ) -> Result<(FetchAnswer, bool), FetchError> {
        let answer = tokio::time::timeout(self.timeout, self.follow(url, stored)).await;
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Fault::Unreached(reason))) => Err(FetchError::new(url, reason)),
            Ok(Err(Fault::Unreadable(reason))) => {
                Err(FetchError { unreadable: true, ..FetchError::new(url, reason) })
            }
            Err(_) => {
                let reason = format!("the host has not answered within {:?}", self.timeout);
                Err(FetchError::new(url, reason))
            }
        }
    }

    async fn follow(&self, url: &str, stored: Option<&Page>) -> Result<(FetchAnswer, bool), Fault> {
        match self.reach(url, stored).await? {
            Reached::Page(at, response, moved) => {
                Ok((FetchAnswer::Page(self.page(&at, *response).await?), moved))
            }
            Reached::Unchanged(moved) => Ok((FetchAnswer::Unchanged, moved)),
        }
    }

    /// Asks a host, and follows where it leads.
    async fn reach(&self, url: &str, stored: Option<&Page>) -> Result<Reached, Fault> {
        let mut target = address::read(url, self.dial.is_local())?;
        let host = target.host_str().unwrap_or_default().to_owned();
        let mut moved = None;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.ask(&target, stored).await?;
            let status = response.status();
            match status {
                StatusCode::OK => {
                    return Ok(Reached::Page(target, Box::new(response), moved == Some(true)));
                }
                StatusCode::NOT_MODIFIED if stored.is_some() => {
                    return Ok(Reached::Unchanged(moved == Some(true)));
                }
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {
                    let lasting = matches!(
                        status,
                        StatusCode::MOVED_PERMANENTLY | StatusCode::PERMANENT_REDIRECT
                    );
                    moved = Some(moved.unwrap_or(true) && lasting);
                    target = self.next(&target, &response, &host)?;
                }
                _ => return Err(Fault::Unreached(format!("the host answers {status}"))),
            }
        }
        Err(Fault::Unreached(format!("it redirects more than {MAX_REDIRECTS} times")))
    }

    async fn ask(&self, url: &Url, stored: Option<&Page>) -> Result<Response, String> {
        let url = self.dial.target(url);
        let mut request = self.dial.client()?.get(url).header(header::ACCEPT, ACCEPT);
        if let Some(etag) = stored.and_then(|page| page.etag.as_ref()) {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(date) = stored.and_then(|page| page.last_modified.as_ref()) {
            request = request.header(header::IF_MODIFIED_SINCE, date);
        }
        request.send().await.map_err(|error| cause(&error))
    }

    /// Judges where a redirect leads.
    fn next(&self, from: &Url, response: &Response, host: &str) -> Result<Url, String> {
        let location = text_of(response, &header::LOCATION)
            .ok_or_else(|| "it redirects, and does not say where to".to_owned())?;
        let url = from
            .join(&location)
            .map_err(|error| format!("it redirects to `{}`: {error}", location.escape_debug()))?;
        let url = address::read(url.as_str(), self.dial.is_local())
            .map_err(|reason| format!("it redirects to `{url}`: {reason}"))?;
        let next = url.host_str().unwrap_or_default();
        if next != host {
            return Err(format!(
                "it redirects to another host, `{next}`; name that one if you trust it"
            ));
        }
        Ok(url)
    }

    async fn page(&self, url: &Url, response: Response) -> Result<Page, Fault> {
        let kind = text_of(&response, &header::CONTENT_TYPE).unwrap_or_default();
        let (media_type, charset) = media_type(&kind);
        if !(media_type.starts_with("text/") || media_type == "application/xhtml+xml") {
            return Err(Fault::Unreadable(match media_type.as_str() {
                "" => "the host does not say what it is".to_owned(),
                other => format!("it is `{}`, not text", other.escape_debug()),
            }));
        }
        let etag = text_of(&response, &header::ETAG);
        let last_modified = text_of(&response, &header::LAST_MODIFIED);
        let bytes = bytes(response, MAX_BYTES).await?;
        Ok(Page {
            url: url.to_string(),
            body: decoded(&bytes, &charset).map_err(Fault::Unreadable)?,
            media_type,
            etag,
            last_modified,
            twin_of: None,
            confirmed_at: now(),
        })
    }
}

impl Fetch for HttpFetch {
    fn fetch<'a>(
        &'a self,
        url: &'a Clean,
        stored: Option<&'a Page>,
    ) -> BoxFuture<'a, Result<FetchAnswer, FetchError>> {
        Box::pin(async move {
            // What was found beside a web page is confirmed where it was found.
            if let Some(twin) = stored.filter(|page| page.twin_of.is_some())
                && let Ok((answer, _)) = self.within(&twin.url, stored).await
            {
                match answer {
                    FetchAnswer::Page(page) if is_html(&page) => {}
                    FetchAnswer::Page(page) => {
                        let twin_of = twin.twin_of.clone();
                        return Ok(FetchAnswer::Page(Page { twin_of, ..page }));
                    }
                    FetchAnswer::Unchanged => return Ok(answer),
                }
            }
            let stored = stored.filter(|page| page.twin_of.is_none());
            match self.within(url, stored).await?.0 {
                FetchAnswer::Page(page) if is_html(&page) => {
                    let twin = self.twin(&page).await;
                    Ok(FetchAnswer::Page(twin.unwrap_or(page)))
                }
                answer => Ok(answer),
            }
        })
    }
}

impl HttpFetch {
    /// Looks for a web page as markdown: where it says itself, beside it, and in its host's list
    /// for models.
    async fn twin(&self, page: &Page) -> Option<Page> {
        for url in twin::candidates(page) {
            if let Some(found) = self.markdown_at(&url).await {
                return Some(Page { twin_of: Some(page.url.clone()), ..found });
            }
        }
        let list = self.markdown_at(&twin::list(&page.url)?).await?;
        let found = self.markdown_at(&twin::listed(&list.body, &page.url)?).await?;
        Some(Page { twin_of: Some(page.url.clone()), ..found })
    }

    async fn markdown_at(&self, url: &str) -> Option<Page> {
        match self.within(url, None).await.ok()?.0 {
            FetchAnswer::Page(page) if !is_html(&page) && !page.body.trim().is_empty() => {
                Some(page)
            }
            _ => None,
        }
    }
}

/// Reads a body up to so many bytes, inflated.
async fn bytes(mut response: Response, most: usize) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error))? {
        if bytes.len() + chunk.len() > most {
            let most = most / 1024 / 1024;
            return Err(Fault::Unreadable(format!("it is larger than {most} MiB")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

fn text_of(response: &Response, name: &header::HeaderName) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

/// Splits a content type into the media type and the charset.
fn media_type(text: &str) -> (String, String) {
    let mut parts = text.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_lowercase();
    let charset = parts.filter_map(|part| part.split_once('=')).find_map(|(name, value)| {
        name.eq_ignore_ascii_case("charset").then(|| value.trim_matches('"').to_lowercase())
    });
    (media_type, charset.unwrap_or_default())
}

fn decoded(bytes: &[u8], charset: &str) -> Result<String, String> {
    match charset {
        "" | "utf-8" | "utf8" | "us-ascii" => Ok(String::from_utf8_lossy(bytes).into_owned()),
        "iso-8859-1" | "latin1" => Ok(bytes.iter().copied().map(char::from).collect()),
        other => Err(format!("its charset `{}` is not known", other.escape_debug())),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::redact::Redactor;

    fn clean(url: &str) -> Clean {
        Redactor::default().clean(url)
    }

    /// Serves the paths below on a port of this machine, each request on a thread of its own.
    fn serve() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || answer(stream, port));
            }
        });
        port
    }

    fn answer(mut stream: TcpStream, port: u16) {
        let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
        let request: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
        let path = request[0].split(' ').nth(1).unwrap();
        let has = |header: &str| request.iter().any(|line| line.eq_ignore_ascii_case(header));
        let reply = |status: &str, headers: &str, body: &[u8]| {
            let head = format!(
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
                body.len()
            );
            [head.as_bytes(), body].concat()
        };
        let markdown = "Content-Type: text/markdown; charset=utf-8\r\n";
        let bytes = match path {
            "/page" if has("if-none-match: \"7\"") => reply("304 Not Modified", "", b""),
            "/page" => {
                let headers = format!(
                    "{markdown}ETag: \"7\"\r\nLast-Modified: Tue, 01 Sep 2026 10:00:00 GMT\r\n"
                );
                reply("200 OK", &headers, "# P\u{e4}ge\n".as_bytes())
            }
            "/moved" => reply("301 Moved Permanently", "Location: /page\r\n", b""),
            "/latest" => reply("302 Found", "Location: /page\r\n", b""),
            "/once" => reply("308 Permanent Redirect", "Location: /latest\r\n", b""),
            "/away" => {
                reply("302 Found", &format!("Location: http://localhost:{port}/page\r\n"), b"")
            }
            "/outside" => reply("302 Found", "Location: http://169.254.169.254/x\r\n", b""),
            "/loop" => reply("307 Temporary Redirect", "Location: /loop\r\n", b""),
            "/big" => reply("200 OK", markdown, &vec![b'a'; 2_500_000]),
            "/bomb" => reply("200 OK", &format!("{markdown}Content-Encoding: gzip\r\n"), &bomb()),
            "/html" => reply("200 OK", "Content-Type: text/html\r\n", b"<h1>A</h1>"),
            "/latin" => {
                reply("200 OK", "Content-Type: text/plain; charset=ISO-8859-1\r\n", b"caf\xe9")
            }
            "/binary" => reply("200 OK", "Content-Type: image/png\r\n", b"\x89PNG"),
            "/untyped" => reply("200 OK", "", b"x"),
            "/headers" => reply("200 OK", markdown, request.join("\n").as_bytes()),
            "/silent" => {
                std::thread::sleep(Duration::from_secs(20));
                Vec::new()
            }
            "/half" => {
                stream.write_all(&reply("200 OK", markdown, &[b'a'; 100])[..150]).unwrap();
                std::thread::sleep(Duration::from_secs(20));
                Vec::new()
            }
            _ => reply("404 Not Found", markdown, b"nothing"),
        };
        let _ = stream.write_all(&bytes);
    }

    /// Three MiB of zeros in gzip, in stored blocks, so that no compressor is needed here.
    fn bomb() -> Vec<u8> {
        let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
        for _ in 0..48 {
            bytes.extend([0, 0xff, 0xff, 0, 0]);
            bytes.extend(std::iter::repeat_n(0, 0xffff));
        }
        bytes
    }

    async fn fetch(path: &str, stored: Option<&Page>) -> Result<FetchAnswer, String> {
        let port = serve();
        let fetch = HttpFetch::new().allow_loopback().timeout(Duration::from_millis(1_500));
        let url = format!("http://127.0.0.1:{port}{path}");
        let answer = fetch.fetch(&clean(&url), stored).await;
        answer.map_err(|error| error.to_string().replace(&port.to_string(), "PORT"))
    }

    async fn page(path: &str) -> Page {
        match fetch(path, None).await.unwrap() {
            FetchAnswer::Page(page) => page,
            FetchAnswer::Unchanged => panic!("unchanged"),
        }
    }

    #[tokio::test]
    async fn a_page_comes_with_its_validators_and_is_confirmed_by_them() {
        let page = page("/page").await;
        assert_eq!(page.body, "# P\u{e4}ge\n");
        assert_eq!(page.media_type, "text/markdown");
        assert_eq!(page.etag.as_deref(), Some("\"7\""));
        assert_eq!(page.last_modified.as_deref(), Some("Tue, 01 Sep 2026 10:00:00 GMT"));
        assert!(page.confirmed_at > 1_700_000_000);
        assert_eq!(fetch("/page", Some(&page)).await, Ok(FetchAnswer::Unchanged));
        let other = Page { etag: Some("\"6\"".to_owned()), ..page };
        assert!(matches!(fetch("/page", Some(&other)).await, Ok(FetchAnswer::Page(_))));
    }

    #[tokio::test]
    async fn redirects_are_followed_on_the_same_host_only() {
        assert!(page("/moved").await.url.ends_with("/page"));
        let cases = [
            ("/away", "it redirects to another host, `localhost`"),
            ("/outside", "it redirects to `http://169.254.169.254/x`"),
            ("/loop", "it redirects more than 5 times"),
        ];
        for (path, wanted) in cases {
            let error = fetch(path, None).await.unwrap_err();
            assert!(error.contains(wanted), "{path}: {error}");
        }
    }

    #[tokio::test]
    async fn an_address_has_moved_when_every_redirect_says_for_good() {
        let port = serve();
        let fetch = HttpFetch::new().allow_loopback();
        for (path, moved) in
            [("/page", false), ("/moved", true), ("/latest", false), ("/once", false)]
        {
            let looked =
                fetch.look(&clean(&format!("http://127.0.0.1:{port}{path}"))).await.unwrap();
            assert_eq!(looked.moved, moved, "{path}");
            assert_eq!(looked.page.url, format!("http://127.0.0.1:{port}/page"), "{path}");
        }
    }

    #[tokio::test]
    async fn what_is_there_and_no_text_is_told_from_what_is_not_there() {
        let port = serve();
        let fetch = HttpFetch::new().allow_loopback();
        for (path, unreadable) in [
            ("/binary", true),
            ("/untyped", true),
            ("/big", true),
            ("/none", false),
            ("/away", false),
        ] {
            let error =
                fetch.look(&clean(&format!("http://127.0.0.1:{port}{path}"))).await.unwrap_err();
            assert_eq!(error.unreadable, unreadable, "{path}: {error}");
        }
    }

    #[tokio::test]
    async fn a_server_that_stands_in_answers_for_hosts_and_no_rule_is_bent() {
        let server = SocketAddr::from(([127, 0, 0, 1], serve()));
        let fetch = HttpFetch::new().stand_in(server);
        let looked = fetch.look(&clean("https://docs.example.com/moved")).await.unwrap();
        assert_eq!(looked.page.url, "https://docs.example.com/page");
        let headers = fetch.look(&clean("https://docs.example.com/headers")).await.unwrap();
        assert!(headers.page.body.contains("host: docs.example.com"), "{}", headers.page.body);
        assert!(fetch.look(&clean("http://docs.example.com/page")).await.is_err());
        let away = fetch.look(&clean("https://docs.example.com/away")).await.unwrap_err();
        assert!(away.reason.starts_with("it redirects to `http://localhost:"), "{away}");
    }

    #[tokio::test]
    async fn what_is_no_text_or_too_much_is_refused() {
        let cases = [
            ("/nothing", "the host answers 404 Not Found"),
            ("/big", "it is larger than 2 MiB"),
            ("/bomb", "it is larger than 2 MiB"),
            ("/binary", "it is `image/png`, not text"),
            ("/untyped", "the host does not say what it is"),
        ];
        for (path, wanted) in cases {
            let error = fetch(path, None).await.unwrap_err();
            assert!(error.contains(wanted), "{path}: {error}");
            assert!(error.starts_with(&format!("cannot fetch `http://127.0.0.1:PORT{path}`")));
        }
    }

    #[tokio::test]
    async fn html_and_other_charsets_are_read() {
        let html = page("/html").await;
        assert_eq!((html.media_type.as_str(), html.body.as_str()), ("text/html", "<h1>A</h1>"));
        assert_eq!(page("/latin").await.body, "caf\u{e9}");
    }

    #[tokio::test]
    async fn a_host_that_says_nothing_or_half_is_given_up() {
        let fetch = HttpFetch::new().allow_loopback().timeout(Duration::from_millis(200));
        for path in ["/silent", "/half"] {
            let url = format!("http://127.0.0.1:{}{path}", serve());
            let error = fetch.fetch(&clean(&url), None).await.unwrap_err();
            assert_eq!(error.reason, "the host has not answered within 200ms");
        }
    }

    #[tokio::test]
    async fn a_request_says_little() {
        let body = page("/headers").await.body;
        let mut names: Vec<&str> =
            body.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0)).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
        assert!(body.contains("accept: text/markdown, text/plain;q=0.9, text/html;q=0.8"));
    }

    #[tokio::test]
    async fn this_machine_is_not_asked_unless_it_may_be() {
        let url = format!("http://127.0.0.1:{}/page", serve());
        let error = HttpFetch::new().fetch(&clean(&url), None).await.unwrap_err();
        assert_eq!(error.reason, "it begins with `http:`; only `https:` is fetched");
        let error =
            HttpFetch::new().fetch(&clean("https://localhost/page"), None).await.unwrap_err();
        assert_eq!(
            error.reason.replace("::1", "127.0.0.1"),
            "`localhost` is at the private address 127.0.0.1"
        );
    }
}
