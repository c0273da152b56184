//! The way out: to a host's own public address, or by the proxy that the person goes out by.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::sandbox::proxy::host::{Host, is_public};

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The proxy that the person goes out by, as the environment names it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upstream {
    /// For https, and for http: `host:port`, and what it is to be told of the person.
    https: Option<(String, Option<String>)>,
    http: Option<(String, Option<String>)>,
    /// The hosts that are reached without it.
    none: Vec<String>,
    /// Why the environment's proxy cannot be used.
    fault: Option<String>,
}

/// A connection that leads to a host.
pub(super) struct Dialled {
    pub(super) stream: TcpStream,
    /// Whether it ends at a proxy that has yet to be told which host.
    pub(super) through_upstream: bool,
}

impl Upstream {
    /// Reads the variables that name a proxy.
    pub fn read(environment: &BTreeMap<String, String>) -> Upstream {
        let value = |names: [&str; 3]| {
            names.iter().find_map(|name| environment.get(*name).filter(|value| !value.is_empty()))
        };
        let mut upstream = Upstream::default();
        let mut proxy = |value: Option<&String>| match value.map(|value| parse(value)) {
            None => None,
            Some(Ok(proxy)) => Some(proxy),
            Some(Err(fault)) => {
                upstream.fault = Some(fault);
                None
            }
        };
        let https = proxy(value(["https_proxy", "HTTPS_PROXY", "all_proxy"]));
        let http = proxy(value(["http_proxy", "HTTP_PROXY", "all_proxy"]));
        let none = value(["no_proxy", "NO_PROXY", "NO_PROXY"]);
        let none = none.map(|it| it.split(',').map(|it| it.trim().to_lowercase()).collect());
        Upstream { https, http, none: none.unwrap_or_default(), ..upstream }
    }

    /// Returns the proxy for a host, if it is reached by one.
    fn of(&self, host: &Host, tunnel: bool) -> Option<&str> {
        let none = self.none.iter().any(|it| {
            let it = it.trim_start_matches('*').trim_start_matches('.');
            it.is_empty() && self.none.contains(&"*".to_owned())
                || (!it.is_empty() && (host.name == it || host.name.ends_with(&format!(".{it}"))))
        });
        let proxy = if tunnel { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| !none).map(|(address, _)| address.as_str())
    }

    /// Returns the header that tells the proxy for plain http who asks.
    pub(super) fn authorization(&self) -> Option<String> {
        header(self.http.as_ref())
    }
}

fn header(proxy: Option<&(String, Option<String>)>) -> Option<String> {
    let credentials = proxy?.1.as_ref()?;
    Some(format!("Proxy-Authorization: Basic {}\r\n", base64(credentials.as_bytes())))
}

/// Reads `http://user:password@host:port`.
fn parse(value: &str) -> Result<(String, Option<String>), String> {
    let rest = match value.split_once("://") {
        None => value,
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
        Some((scheme, _)) => {
            return Err(format!("your proxy speaks `{scheme}`, and commands can go by http alone"));
        }
    };
    let rest = rest.split(['/', '?']).next().unwrap_or_default();
    let (credentials, address) = match rest.rsplit_once('@') {
        Some((credentials, address)) => (Some(decoded(credentials)), address),
        None => (None, rest),
    };
    let port = address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = if port { address.to_owned() } else { format!("{address}:80") };
    Ok((address, credentials))
}

/// Connects to a host.
pub(super) async fn dial(
    host: &Host,
    tunnel: bool,
    upstream: &Upstream,
) -> Result<Dialled, String> {
    let dialled = tokio::time::timeout(PATIENCE, async {
        if let Some(proxy) = upstream.of(host, tunnel) {
            return by_upstream(host, tunnel, proxy, upstream).await;
        }
        if let Some(fault) = &upstream.fault {
            return Err(fault.clone());
        }
        let stream = TcpStream::connect(&addresses(host).await?[..]).await;
        let stream = stream.map_err(|error| format!("{}: {error}", host.name))?;
        Ok(Dialled { stream, through_upstream: false })
    });
    dialled.await.unwrap_or_else(|_| Err(format!("{} does not answer", host.name)))
}

/// Resolves a name once. What leads into private space is refused, unless it is the person's own.
async fn addresses(host: &Host) -> Result<Vec<SocketAddr>, String> {
    let name = &host.name;
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, host.port)]);
    }
    let found = tokio::net::lookup_host((name.as_str(), host.port)).await;
    let found: Vec<SocketAddr> = found.map_err(|error| format!("{name}: {error}"))?.collect();
    if found.is_empty() {
        return Err(format!("{name} has no address"));
    }
    if !host.own && !found.iter().all(|address| is_public(address.ip())) {
        return Err(format!("{name} leads into a private network"));
    }
    Ok(found)
}

async fn by_upstream(
    host: &Host,
    tunnel: bool,
    proxy: &str,
    upstream: &Upstream,
) -> Result<Dialled, String> {
    let said = |error: std::io::Error| format!("your proxy {proxy}: {error}");
    let mut stream = TcpStream::connect(proxy).await.map_err(said)?;
    if tunnel {
        let authority = format!("{}:{}", host.name, host.port);
        let header = header(upstream.https.as_ref()).unwrap_or_default();
        let head = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n{header}\r\n");
        stream.write_all(head.as_bytes()).await.map_err(said)?;
        accepted(&mut stream).await.map_err(|reason| format!("your proxy {proxy}: {reason}"))?;
    }
    Ok(Dialled { stream, through_upstream: true })
}

/// Reads a proxy's answer to its empty line, byte by byte: what follows is the host's.
async fn accepted(stream: &mut TcpStream) -> Result<(), String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.map_err(|error| error.to_string())?;
        head.push(byte);
        if head.len() > super::head::LONGEST {
            return Err("the answer is too long".to_owned());
        }
    }
    let text = String::from_utf8_lossy(&head);
    let line = text.lines().next().unwrap_or_default();
    let code = line.split(' ').nth(1).unwrap_or_default();
    if code.starts_with('2') { Ok(()) } else { Err(line.to_owned()) }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = || u8::from_str_radix(std::str::from_utf8(after.get(..2)?).ok()?, 16).ok();
        match (first, hex()) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter =
                LETTERS[usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or_default()];
            text.push(if place > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_written_in_base64() {
        for (plain, written) in
            [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("user:p@ss", "dXNlcjpwQHNz")]
        {
            assert_eq!(base64(plain.as_bytes()), written);
        }
        assert_eq!(decoded("p%40ss%"), "p@ss%");
    }

    #[test]
    fn the_environment_says_which_hosts_go_by_which_proxy() {
        let upstream = Upstream::read(&BTreeMap::from([
            ("HTTPS_PROXY".to_owned(), "http://proxy.example:3128/".to_owned()),
            ("NO_PROXY".to_owned(), "localhost, .corp.example,a.example".to_owned()),
        ]));
        let of = |name: &str, tunnel| {
            upstream.of(&Host { name: name.to_owned(), port: 443, own: false }, tunnel)
        };
        assert_eq!(of("b.example", true), Some("proxy.example:3128"));
        assert_eq!(of("b.example", false), None);
        for name in ["a.example", "x.a.example", "npm.corp.example"] {
            assert_eq!(of(name, true), None, "{name}");
        }
        let socks = BTreeMap::from([("https_proxy".to_owned(), "socks5://x:1".to_owned())]);
        assert!(Upstream::read(&socks).fault.is_some());
    }
}
