//! Pages, fetched from their hosts.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Response, StatusCode, Url, header, redirect};

use crate::reference::{Fetch, FetchAnswer, FetchError, Page, address};

/// The most bytes of a page, inflated.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The most redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// How long a host has for all of its answer.
const TIMEOUT: Duration = Duration::from_secs(30);

const ACCEPT: &str = "text/markdown, text/plain;q=0.9, text/html;q=0.8";

const USER_AGENT: &str = concat!("wizard/", env!("CARGO_PKG_VERSION"));

/// Makes the process able to speak TLS. Whoever builds a client calls it first.
pub fn tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // It fails only where another provider stands already, and that one does as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// Fetches pages with GET, without credentials, from public hosts by https.
///
/// **Invariant:** nothing is dialled but the addresses that were judged, and a redirect never
/// leaves the host that was asked.
#[derive(Debug)]
pub struct HttpFetch {
    timeout: Duration,
    loopback: bool,
    client: OnceLock<Result<Client, String>>,
}

impl Default for HttpFetch {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpFetch {
    /// Makes one for public hosts, which have half a minute to answer.
    pub fn new() -> Self {
        HttpFetch { timeout: TIMEOUT, loopback: false, client: OnceLock::new() }
    }

    /// Lets this machine answer, also by plain http: for tests.
    #[must_use]
    pub fn allow_loopback(self) -> Self {
        HttpFetch { loopback: true, ..self }
    }

    /// Changes how long a host has to answer.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        HttpFetch { timeout, ..self }
    }

    fn client(&self) -> Result<&Client, String> {
        let client = self.client.get_or_init(|| {
            tls();
            Client::builder()
                .user_agent(USER_AGENT)
                .redirect(redirect::Policy::none())
                .referer(false)
                // A proxy would resolve names again, unjudged.
                .no_proxy()
                .dns_resolver(Arc::new(Public { loopback: self.loopback }))
                .build()
                .map_err(|error| cause(&error))
        });
        client.as_ref().map_err(Clone::clone)
    }

    async fn follow(&self, url: &str, stored: Option<&Page>) -> Result<FetchAnswer, String> {
        let mut target = address::read(url, self.loopback)?;
        let host = target.host_str().unwrap_or_default().to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.ask(&target, stored).await?;
            let status = response.status();
            match status {
                StatusCode::OK => return self.page(response).await.map(FetchAnswer::Page),
                StatusCode::NOT_MODIFIED if stored.is_some() => return Ok(FetchAnswer::Unchanged),
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {
                    target = self.next(&target, &response, &host)?;
                }
                _ => return Err(format!("the host answers {status}")),
            }
        }
        Err(format!("it redirects more than {MAX_REDIRECTS} times"))
    }

    async fn ask(&self, url: &Url, stored: Option<&Page>) -> Result<Response, String> {
        let mut request = self.client()?.get(url.clone()).header(header::ACCEPT, ACCEPT);
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
        let url = address::read(url.as_str(), self.loopback)
            .map_err(|reason| format!("it redirects to `{url}`: {reason}"))?;
        let next = url.host_str().unwrap_or_default();
        if next != host {
            return Err(format!(
                "it redirects to another host, `{next}`; name that one if you trust it"
            ));
        }
        Ok(url)
    }

    async fn page(&self, mut response: Response) -> Result<Page, String> {
        let kind = text_of(&response, &header::CONTENT_TYPE).unwrap_or_default();
        let (media_type, charset) = media_type(&kind);
        if !(media_type.starts_with("text/") || media_type == "application/xhtml+xml") {
            return Err(match media_type.as_str() {
                "" => "the host does not say what it is".to_owned(),
                other => format!("it is `{}`, not text", other.escape_debug()),
            });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error))? {
            if bytes.len() + chunk.len() > MAX_BYTES {
                return Err(format!("it is larger than {} MiB", MAX_BYTES / 1024 / 1024));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Page {
            url: response.url().to_string(),
            body: decoded(&bytes, &charset)?,
            media_type,
            etag: text_of(&response, &header::ETAG),
            last_modified: text_of(&response, &header::LAST_MODIFIED),
            confirmed_at: now(),
        })
    }
}

impl Fetch for HttpFetch {
    fn fetch<'a>(
        &'a self,
        url: &'a str,
        stored: Option<&'a Page>,
    ) -> BoxFuture<'a, Result<FetchAnswer, FetchError>> {
        Box::pin(async move {
            let answer = tokio::time::timeout(self.timeout, self.follow(url, stored)).await;
            let answer = answer.unwrap_or_else(|_| {
                Err(format!("the host has not answered within {:?}", self.timeout))
            });
            answer.map_err(|reason| FetchError { url: url.to_owned(), reason })
        })
    }
}

/// Resolves names to public addresses. A name that has any other is refused whole.
struct Public {
    loopback: bool,
}

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        let loopback = self.loopback;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let lookup = move || -> Result<Vec<SocketAddr>, String> {
                let found = (host.as_str(), 0)
                    .to_socket_addrs()
                    .map_err(|_| format!("the name `{host}` does not resolve"))?;
                let found: Vec<SocketAddr> = found.collect();
                let inside = found.iter().map(SocketAddr::ip).find(|address| {
                    !(address::is_public(*address) || (loopback && address.is_loopback()))
                });
                match inside {
                    Some(address) => Err(format!("`{host}` is at the private address {address}")),
                    None => Ok(found),
                }
            };
            let found = tokio::task::spawn_blocking(lookup).await??;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
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

/// Says what is at the bottom of an error: what is above only says that something failed.
fn cause(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;

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
        let answer = fetch.fetch(&url, stored).await;
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
            let error = fetch.fetch(&url, None).await.unwrap_err();
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
        let error = HttpFetch::new().fetch(&url, None).await.unwrap_err();
        assert_eq!(error.reason, "it begins with `http:`; only `https:` is fetched");
        let error = HttpFetch::new().fetch("https://localhost/page", None).await.unwrap_err();
        assert_eq!(
            error.reason.replace("::1", "127.0.0.1"),
            "`localhost` is at the private address 127.0.0.1"
        );
    }
}
